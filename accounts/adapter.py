"""What this project decides for allauth: who may sign up, which names are valid, how to send mail."""

from __future__ import annotations

import logging
import unicodedata
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chats.http.limits import in_words, seconds_to_wait

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


class MailNotSent(Exception):
    """The mail server did not take a mail."""


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_taken": _(
            "This username is taken. If it is yours from earlier, ask the administrator for a"
            " link to sign in."
        ),
        # The same answer whether the account does not exist or the password is wrong.
        "username_password_mismatch": _(
            "The username or e-mail address and the password do not match."
        ),
        "email_password_mismatch": _(
            "The username or e-mail address and the password do not match."
        ),
        "enter_current_password": _("That password is not correct."),
        "invalid_password_reset": _("This link was used already, or has expired."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP == "open")

    def clean_username(self, username: str, shallow: bool = False) -> str:
        # Letters that look alike become the same letter, such as the wide and the narrow "a".
        username = super().clean_username(unicodedata.normalize("NFKC", username), shallow)
        # SQLite ignores the case of ASCII only. For other scripts every spelling is looked up.
        spellings = {username.lower(), username.upper(), username.casefold(), username.title()}
        people = get_user_model()._default_manager
        if not shallow and people.filter(username__in=spellings).exists():
            raise self.validation_error("username_taken")
        return username

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        user.set_password(password)
        # Only the password, so that this does not undo a change of the name by another request.
        user.save(update_fields=["password"])

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            key = self._get_login_attempts_cache_key(request, **credentials)
            seconds = seconds_to_wait(request, "login_failed", key=key)
            raise ValidationError(
                _("Too many attempts. Try again in %(wait)s."),
                code="too_many_login_attempts",
                params={"wait": in_words(seconds), "seconds": seconds},
            ) from error

    def get_client_ip(self, request: HttpRequest) -> str:
        try:
            return str(super().get_client_ip(request))
        except (ImproperlyConfigured, PermissionDenied):
            # The request came by a socket, or not through the proxy. All such requests share one
            # limit, and get no error page.
            return "127.0.0.1"

    def is_safe_url(self, url: str | None) -> bool:
        try:
            return bool(super().is_safe_url(url or ""))
        except ValueError:  # an address that cannot be parsed: "http://["
            return False

    def is_ajax(self, request: HttpRequest) -> bool:
        # allauth would answer a request that accepts JSON in a format that nothing here reads.
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        # allauth would take the host from the request, where a stranger can choose it.
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", key)

    def format_email_subject(self, subject: str) -> str:
        return f"[{settings.SITE_NAME}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. Without a mail server this does nothing.

        Raises:
            MailNotSent: the mail server did not take the mail.
        """
        if not settings.EMAIL_URL:
            return
        context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        try:
            super().send_mail(template_prefix, email, context)
        # OSError: the server refused, timed out, was not found, was not trusted, or rejected it.
        # ValueError: the address cannot be written into a mail.
        except (OSError, ValueError) as error:
            logger.exception("The mail server did not take a mail")
            raise MailNotSent from error
