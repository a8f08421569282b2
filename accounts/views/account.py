"""A person's own account: its page, signing out elsewhere, and deleting it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import forms, services
from accounts.limits import limited
from accounts.middleware import language_for
from accounts.models import Preferences
from accounts.views.entry import nothing_left_behind
from chats.page_shell import PageShell

show_or_save = require_http_methods(["GET", "HEAD", "POST"])


def _forms(request):
    """The forms of the account page by the names of their sections, as they are saved now."""
    user = request.user
    return {
        "profile": forms.ProfileForm(initial={"first_name": user.first_name}, prefix="profile"),
        "email": forms.EmailForm(user=user, initial={"email": user.email}, prefix="email"),
        "reading": forms.ReadingForm(instance=Preferences.objects.of(user), prefix="reading"),
        "mail": forms.MailForm(instance=Preferences.objects.of(user), prefix="mail"),
    }


def _page(request, *, status=200, **filled):
    """The account page; `filled` are forms as they were sent, in the place of the saved ones."""
    context = {
        "around": PageShell(request),
        **_forms(request),
        **filled,
        "failed": next(iter(filled.values()), None),
        "time_zones": forms.time_zones().values(),
        "sends_mail": bool(settings.EMAIL_URL),
        "other_sessions": services.other_sessions(request.user, request.session.session_key),
    }
    return render(request, "accounts/account.html", context, status=status)


def _save_profile(request):
    form = forms.ProfileForm(request.POST, prefix="profile")
    if not form.is_valid():
        return _page(request, profile=form, status=422)
    request.user.first_name = form.cleaned_data["first_name"]
    # By save(): a receiver of the domain refreshes the pages that show the old name.
    request.user.save(update_fields=["first_name"])
    return _saved(request, _("Your name is saved."))


@limited("manage_email")
def _save_email(request):
    form = forms.EmailForm(request.POST, user=request.user, prefix="email")
    if not form.is_valid():
        return _page(request, email=form, status=422)
    services.change_email(user=request.user, email=form.cleaned_data["email"])
    return _saved(request, _("Your e-mail address is saved."))


def _save_reading(request):
    form = forms.ReadingForm(request.POST, prefix="reading")
    if not form.is_valid():
        return _page(request, reading=form, status=422)
    services.save_preferences(user=request.user, **form.cleaned_data)
    # It is read on the next page, in the language that was just chosen.
    with translation.override(language_for(request, form.cleaned_data["language"])):
        return _saved(request, _("Your settings are saved."))


def _save_mail(request):
    form = forms.MailForm(request.POST, prefix="mail")
    if not form.is_valid():
        return _page(request, mail=form, status=422)
    services.save_preferences(user=request.user, **form.cleaned_data)
    return _saved(request, _("Your settings are saved."))


def _saved(request, text):
    messages.success(request, text)
    return redirect("accounts:account")


# One address for all: a page that comes back with errors can be reloaded and linked to.
SECTIONS = {
    "profile": _save_profile,
    "email": _save_email,
    "reading": _save_reading,
    "mail": _save_mail,
}


@login_required
@show_or_save
@sensitive_post_parameters("email-password")
def account(request):
    if request.method != "POST":
        return _page(request)
    try:
        save = SECTIONS[request.POST["section"]]
    except KeyError:
        raise BadRequest("There is no such section.") from None
    return save(request)


@login_required
@require_POST
def end_other_sessions(request):
    ended = services.end_sessions(request.user.pk, keep=request.session.session_key)
    text = ngettext(
        "You are signed out in %(n)s other place.",
        "You are signed out in %(n)s other places.",
        ended,
    )
    return _saved(request, text % {"n": ended})


@login_required
@show_or_save
@sensitive_post_parameters("password")
@limited("delete_account")
def delete_user(request):
    count = services.messages_deleted_with(request.user)
    sent = request.POST if request.method == "POST" else None
    form = forms.DeleteAccountForm(sent, user=request.user, messages=count)
    if form.is_valid():
        services.delete_account(request.user)
        logout(request)
        return nothing_left_behind(redirect("accounts:goodbye"))
    context = {
        "around": PageShell(request),
        "form": form,
        "messages_erased": count,
        "last_administrator": services.is_last_administrator(request.user),
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/delete_user.html", context, status=status)


@require_safe
def goodbye(request):
    return render(request, "accounts/goodbye.html")
