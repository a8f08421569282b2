"""Signing up, in and out, and new passwords: views of allauth with our templates and responses.

Only those in `accounts/urls.py` have an address. The other views of allauth have none.
"""

from __future__ import annotations

from typing import Any, cast

from allauth.account import views as allauth_views
from allauth.account.utils import complete_signup
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, transaction
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from accounts import forms, services
from accounts.adapter import AccountAdapter, MailNotSent
from accounts.views.responses import clear_browser, link_gone, too_many_attempts
from chats.http.limits import limited


class EntryPage(TemplateResponseMixin, ContextMixin, View):
    """What the views here add to allauth's: 422 for an invalid form, and the name of the limit."""

    # The form views of Django would handle a PUT as a POST.
    http_method_names = ["get", "head", "post", "options"]
    # Of ACCOUNT_RATE_LIMITS. `too_many_requests` looks up the wait by it.
    limited_action: str | None = None

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        # allauth gives the handler of a 429 the request, and not the view.
        request.limited_action = self.limited_action  # type: ignore[attr-defined]

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"signup": settings.SIGNUP}


class LoginView(EntryPage, allauth_views.LoginView):
    form_class = forms.LoginForm
    limited_action = "login"

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        response = super().form_invalid(form)
        for error in form.errors.as_data().get(NON_FIELD_ERRORS, []):
            if error.code == "too_many_login_attempts" and error.params:
                response.status_code = 429
                response["Retry-After"] = str(error.params["seconds"])
        return response


class LogoutView(EntryPage, allauth_views.LogoutView):
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return clear_browser(super().post(*args, **kwargs))


class SignUpView(EntryPage, allauth_views.SignupView):
    form_class = forms.SignUpForm
    limited_action = "signup"
    user: User | None = None  # allauth sets it when the account exists

    def form_valid(self, form: BaseForm) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().form_valid(form)
        except IntegrityError:
            return self.form_invalid(with_username_taken(form))

    def closed(self) -> HttpResponse:
        return render(
            self.request, "account/signup_closed.html", {"signup": settings.SIGNUP}, status=403
        )


def with_username_taken(form: BaseForm) -> BaseForm:
    """`form` with an error: between check and save somebody else took the username."""
    form.add_error("username", AccountAdapter().validation_error("username_taken"))
    return form


class JoinView(SignUpView):
    """Signing up with an invitation, which is used up in the same transaction."""

    def is_open(self) -> bool:
        return settings.SIGNUP != "closed"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        usable = services.is_invitation_token(kwargs["token"])
        if not usable and self.is_open() and not request.user.is_authenticated:
            return link_gone(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: BaseForm) -> HttpResponse:
        try:
            with transaction.atomic():
                invitation = services.use_invitation(self.kwargs["token"])
                response = super().form_valid(form)
                if self.user is None:
                    # No account was created, so the invitation stays usable.
                    transaction.set_rollback(True)
                else:
                    invitation.used_by = self.user
                    invitation.save(update_fields=["used_by"])
        except services.LinkClosed:
            return link_gone(self.request)
        return response


@sensitive_post_parameters("password1", "password2")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("signup", count_reads=False, refuse=too_many_attempts)
def first_administrator(request: HttpRequest, token: str) -> HttpResponse:
    """Create the account of the first administrator. A wrong or used token is a 404."""
    if not services.is_first_administrator_token(token):
        raise Http404
    form = forms.SignUpForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = services.create_first_administrator(
                token=token, create=lambda: form.save(request)
            )
        except services.LinkClosed:
            raise Http404 from None
        except IntegrityError:
            with_username_taken(form)
        else:
            home = reverse(settings.LOGIN_REDIRECT_URL)
            how = settings.ACCOUNT_EMAIL_VERIFICATION
            return cast(HttpResponse, complete_signup(request, user, how, home))
    status = 422 if form.is_bound else 200
    return render(request, "accounts/first_administrator.html", {"form": form}, status=status)


# Passwords ------------------------------------------------------------------------------------


class PasswordChangeView(EntryPage, allauth_views.PasswordChangeView):
    form_class = forms.ChangePasswordForm
    success_url = reverse_lazy("accounts:account")
    limited_action = "change_password"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password():
            # There is no current password to ask for. allauth would redirect to a view of its own
            # that has no address here.
            return redirect("account_reset_password")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class PasswordResetView(EntryPage, allauth_views.PasswordResetView):
    """A link by mail. Without a mail server there is no form: the page says whom to ask."""

    form_class = forms.ResetPasswordForm
    limited_action = "reset_password"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"by_mail": bool(settings.EMAIL_URL)}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().post if settings.EMAIL_URL else self.get
        return cast(HttpResponse, answer(request, *args, **kwargs))

    def form_valid(self, form: BaseForm) -> HttpResponse:
        # allauth limits this form by address as well, so `too_many_requests` needs the address.
        self.request.limited_key = form.cleaned_data["email"].lower()  # type: ignore[attr-defined]
        try:
            return super().form_valid(form)
        except MailNotSent:
            # Unknown addresses get a mail too, so this answer does not reveal who has an account.
            page = self.get_context_data(form=form, mail_failed=True)
            return self.render_to_response(page, status=503)


class PasswordResetDoneView(EntryPage, allauth_views.PasswordResetDoneView):
    pass


class PasswordResetFromKeyView(EntryPage, allauth_views.PasswordResetFromKeyView):
    form_class = forms.ResetPasswordKeyForm
    limited_action = "reset_password_from_key"


class AccountInactiveView(EntryPage, allauth_views.AccountInactiveView):
    pass
