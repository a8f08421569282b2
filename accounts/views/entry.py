"""Signing up, in and out, and new passwords: allauth's views, in our look and with our answers.

Only what is routed in `accounts/urls.py` can be reached; allauth's other pages are not.
"""

from __future__ import annotations

from typing import Any

from allauth.account import views as allauth_views
from allauth.account.utils import complete_signup
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from accounts import forms, services
from accounts.adapter import AccountAdapter, MailNotSent
from accounts.limits import limited
from chats.page_shell import PageShell


class OurAnswers(TemplateResponseMixin, ContextMixin, View):
    """422 for an invalid form; and the name of the limit, for a 429 that names the wait."""

    # Django's views of forms would take a PUT for a POST.
    http_method_names = ["get", "head", "post", "options"]
    limited_action: str | None = None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        request.limited_action = self.limited_action  # type: ignore[attr-defined]

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"signup": settings.SIGNUP}


class LoginView(OurAnswers, allauth_views.LoginView):
    form_class = forms.LoginForm
    limited_action = "login"

    def form_invalid(self, form) -> HttpResponse:
        response = super().form_invalid(form)
        for error in form.errors.as_data().get(NON_FIELD_ERRORS, []):
            if error.code == "too_many_login_attempts":
                response.status_code = 429
                response["Retry-After"] = str(error.params["seconds"])
        return response


class LogoutView(OurAnswers, allauth_views.LogoutView):
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return nothing_left_behind(super().post(*args, **kwargs))


def nothing_left_behind(response: HttpResponse) -> HttpResponse:
    """Have the browser forget what it kept of this site's pages."""
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


class SignUpView(OurAnswers, allauth_views.SignupView):
    form_class = forms.SignUpForm
    limited_action = "signup"
    user = None

    def form_valid(self, form) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().form_valid(form)
        except IntegrityError:
            return self.form_invalid(name_was_taken(form))

    def closed(self) -> HttpResponse:
        return render(
            self.request, "account/signup_closed.html", {"signup": settings.SIGNUP}, status=403
        )


def name_was_taken(form):
    """`form`, after somebody else took the username between the check and the saving."""
    form.add_error("username", AccountAdapter().validation_error("username_taken"))
    return form


class JoinView(SignUpView):
    """Signing up with an invitation, which is used up in the same transaction."""

    def is_open(self) -> bool:
        return settings.SIGNUP != "closed"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        usable = services.is_invitation_token(kwargs["token"])
        if not usable and self.is_open() and not request.user.is_authenticated:
            return link_is_gone(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form) -> HttpResponse:
        try:
            with transaction.atomic():
                invitation = services.take_invitation(self.kwargs["token"])
                response = super().form_valid(form)
                if self.user is None:
                    # No account came of it, so the invitation is still good.
                    transaction.set_rollback(True)
                else:
                    invitation.used_by = self.user
                    invitation.save(update_fields=["used_by"])
        except services.LinkClosed:
            return link_is_gone(self.request)
        return response


def link_is_gone(request: HttpRequest) -> HttpResponse:
    """The answer to a link that was used, withdrawn, is too old, or never was one: all alike."""
    return render(request, "accounts/link_gone.html", status=404)


@sensitive_post_parameters("password1", "password2")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("signup")
def first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    if not services.is_first_administrator_token(token):
        raise Http404
    form = forms.SignUpForm(request.POST if request.method == "POST" else None)
    page = {"form": form}
    if not form.is_bound:
        return render(request, "accounts/first_administrator.html", page)
    if form.is_valid():
        try:
            user = services.make_first_administrator(token=token, make=lambda: form.save(request))
        except services.LinkClosed:
            raise Http404 from None
        except IntegrityError:
            page["form"] = name_was_taken(form)
        else:
            home = reverse(settings.LOGIN_REDIRECT_URL)
            return complete_signup(request, user, settings.ACCOUNT_EMAIL_VERIFICATION, home)
    return render(request, "accounts/first_administrator.html", page, status=422)


# Passwords ------------------------------------------------------------------------------------


class PasswordChangeView(OurAnswers, allauth_views.PasswordChangeView):
    form_class = forms.ChangePasswordForm
    success_url = reverse_lazy("accounts:account")
    limited_action = "change_password"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"around": PageShell(self.request)}  # type: ignore[arg-type]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password():
            # Nothing to ask for; allauth would go to a page that this project does not have.
            return redirect("account_reset_password")
        return super().dispatch(request, *args, **kwargs)


class PasswordResetView(OurAnswers, allauth_views.PasswordResetView):
    """Without a mail server it says whom to ask, and neither shows nor takes a form."""

    form_class = forms.ResetPasswordForm
    limited_action = "reset_password"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"by_mail": bool(settings.EMAIL_URL)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.EMAIL_URL:
            return self.get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form) -> HttpResponse:
        # The 429 that allauth gives here counts by address as well.
        self.request.limited_key = form.cleaned_data["email"].lower()  # type: ignore[attr-defined]
        try:
            return super().form_valid(form)
        except MailNotSent:
            # Known and unknown addresses both get a mail, so this tells nobody which it was.
            page = self.get_context_data(form=form, mail_failed=True)
            return self.render_to_response(page, status=503)


class PasswordResetDoneView(OurAnswers, allauth_views.PasswordResetDoneView):
    pass


class PasswordResetFromKeyView(OurAnswers, allauth_views.PasswordResetFromKeyView):
    form_class = forms.ResetPasswordKeyForm
    limited_action = "reset_password_from_key"


class AccountInactiveView(OurAnswers, allauth_views.AccountInactiveView):
    pass
