"""A person's own account: its page, signing out elsewhere, and deleting it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import forms, services
from accounts.middleware import language_for
from accounts.models import Preferences
from accounts.views.responses import clear_browser, too_many_attempts
from chats.http.limits import limited
from chats.http.requests import ReaderRequest

show_or_save = require_http_methods(["GET", "HEAD", "POST"])


@dataclass
class AccountPage:
    """What `accounts/account.html` shows."""

    sections: dict[str, BaseForm]  # a form by the name of its section
    failed: BaseForm | None  # the one of them that was sent and is invalid
    time_zones: Collection[str]
    sends_mail: bool
    other_sessions: int


@dataclass
class DeletionPage:
    """What `accounts/delete_user.html` shows."""

    form: forms.DeleteAccountForm
    messages_deleted: int
    last_administrator: bool


def _saved_forms(request: ReaderRequest) -> dict[str, BaseForm]:
    user = request.user
    preferences = Preferences.objects.of(user)
    return {
        "profile": forms.ProfileForm(initial={"first_name": user.first_name}, prefix="profile"),
        "email": forms.EmailForm(user=user, initial={"email": user.email}, prefix="email"),
        "reading": forms.ReadingForm(instance=preferences, prefix="reading"),
        "mail": forms.MailForm(instance=preferences, prefix="mail"),
    }


def _show(request: ReaderRequest, **failed: BaseForm) -> HttpResponse:
    """The account page. `failed` is an invalid form by the name of its section, or nothing."""
    page = AccountPage(
        sections=_saved_forms(request) | failed,
        failed=next(iter(failed.values()), None),
        time_zones=forms.time_zones().values(),
        sends_mail=bool(settings.EMAIL_URL),
        other_sessions=services.other_sessions(request.user, request.session.session_key),
    )
    return render(request, "accounts/account.html", vars(page), status=422 if failed else 200)


def _save_profile(request: ReaderRequest) -> HttpResponse:
    form = forms.ProfileForm(request.POST, prefix="profile")
    if not form.is_valid():
        return _show(request, profile=form)
    request.user.first_name = form.cleaned_data["first_name"]
    # By save(): a receiver of the domain invalidates the pages that show the old name.
    request.user.save(update_fields=["first_name"])
    return _confirm(request, _("Your name is saved."))


@limited("manage_email", count_reads=False, refuse=too_many_attempts)
def _save_email(request: ReaderRequest) -> HttpResponse:
    form = forms.EmailForm(request.POST, user=request.user, prefix="email")
    if not form.is_valid():
        return _show(request, email=form)
    services.change_email(user=request.user, email=form.cleaned_data["email"])
    return _confirm(request, _("Your e-mail address is saved."))


def _save_reading(request: ReaderRequest) -> HttpResponse:
    form = forms.ReadingForm(request.POST, prefix="reading")
    if not form.is_valid():
        return _show(request, reading=form)
    services.save_preferences(user=request.user, **form.cleaned_data)
    # The next page shows the confirmation, in the language that was just chosen.
    with translation.override(language_for(request, form.cleaned_data["language"])):
        return _confirm(request, _("Your settings are saved."))


def _save_mail(request: ReaderRequest) -> HttpResponse:
    form = forms.MailForm(request.POST, prefix="mail")
    if not form.is_valid():
        return _show(request, mail=form)
    services.save_preferences(user=request.user, **form.cleaned_data)
    return _confirm(request, _("Your settings are saved."))


def _confirm(request: HttpRequest, text: str) -> HttpResponse:
    """A redirect to the account page, which then shows `text`."""
    messages.success(request, text)
    return redirect("accounts:account")


# All sections share one address, so that a page with errors can be reloaded and linked to.
_SAVE: dict[str, Callable[[ReaderRequest], HttpResponse]] = {
    "profile": _save_profile,
    "email": _save_email,
    "reading": _save_reading,
    "mail": _save_mail,
}


@login_required
@show_or_save
@sensitive_post_parameters("email-password")
def account(request: ReaderRequest) -> HttpResponse:
    """The account page. A POST saves the section that it names."""
    if request.method != "POST":
        return _show(request)
    try:
        save = _SAVE[request.POST["section"]]
    except KeyError:
        raise BadRequest("There is no such section.") from None
    return save(request)


@login_required
@require_POST
def end_other_sessions(request: ReaderRequest) -> HttpResponse:
    """Sign the person out everywhere else."""
    ended = services.end_sessions(request.user.pk, keep=request.session.session_key)
    text = ngettext(
        "You are signed out in %(n)s other place.",
        "You are signed out in %(n)s other places.",
        ended,
    )
    return _confirm(request, text % {"n": ended})


@login_required
@require_POST
def invite(request: ReaderRequest) -> HttpResponse:
    """Make an invitation and show its link, which nobody can look up later. For administrators."""
    if not request.user.is_superuser or settings.SIGNUP == "closed":
        raise Http404
    _invitation, link = services.invite(created_by=request.user)
    page = {"link": link, "days": services.INVITATION_DAYS}
    return render(request, "accounts/invitation.html", page)


@login_required
@show_or_save
@sensitive_post_parameters("password")
@limited("delete_account", count_reads=False, refuse=too_many_attempts)
def delete_user(request: ReaderRequest) -> HttpResponse:
    """Delete the account, after a page that names the consequences and asks for the password."""
    count = services.messages_deleted_with(request.user)
    sent = request.POST if request.method == "POST" else None
    form = forms.DeleteAccountForm(sent, user=request.user, messages=count)
    if form.is_valid():
        services.delete_account(request.user)
        logout(request)
        return clear_browser(redirect("accounts:goodbye"))
    page = DeletionPage(
        form=form,
        messages_deleted=count,
        last_administrator=services.is_last_administrator(request.user),
    )
    status = 422 if form.is_bound else 200
    return render(request, "accounts/delete_user.html", vars(page), status=status)


@require_safe
def goodbye(request: HttpRequest) -> HttpResponse:
    """What people see after they have deleted their account."""
    return render(request, "accounts/goodbye.html")
