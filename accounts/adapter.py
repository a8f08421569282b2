"""Where allauth asks this project: who may sign up, what a name may be, how mail is sent."""

from __future__ import annotations

import logging
import unicodedata
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import limits

logger = logging.getLogger(__name__)


class MailNotSent(Exception):
    """The mail server did not take a mail."""


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_taken": _(
            "This username is taken. If it is yours from earlier, ask the administrator for a"
            " link to sign in."
        ),
        # One answer, whether the account is unknown or the password wrong.
        "username_password_mismatch": _(
            "The username or e-mail address and the password do not match."
        ),
        "email_password_mismatch": _(
            "The username or e-mail address and the password do not match."
        ),
        "enter_current_password": _("That password is not correct."),
        "invalid_password_reset": _("This link was used already, or has expired."),
    }

    def is_open_for_signup(self, request) -> bool:
        return settings.SIGNUP == "open"

    def clean_username(self, username: str, shallow: bool = False) -> str:
        # Letters that look the same are the same: the wide and the narrow "a", for one.
        username = super().clean_username(unicodedata.normalize("NFKC", username), shallow)
        # SQLite folds the case of ASCII only; other scripts are compared by their spellings.
        spellings = {username.lower(), username.upper(), username.casefold(), username.title()}
        people = get_user_model()._default_manager
        if not shallow and people.filter(username__in=spellings).exists():
            raise self.validation_error("username_taken")
        return username

    def set_password(self, user, password: str) -> None:
        user.set_password(password)
        # Only the password: a name that was changed meanwhile must stay changed.
        user.save(update_fields=["password"])

    def pre_authenticate(self, request, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            key = self._get_login_attempts_cache_key(request, **credentials)
            wait = limits.seconds_to_wait(request, "login_failed", key=key)
            raise ValidationError(
                _("Too many attempts. Try again in %(wait)s."),
                code="too_many_login_attempts",
                params={"wait": limits.in_words(wait), "seconds": wait},
            ) from error

    def get_client_ip(self, request) -> str:
        try:
            return super().get_client_ip(request)
        except (ImproperlyConfigured, PermissionDenied):
            # A request that came by a socket, or past the proxy: one shared limit, no error page.
            return "127.0.0.1"

    def is_safe_url(self, url: str | None) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # an address that cannot be parsed: "http://["
            return False

    def is_ajax(self, request) -> bool:
        # Pages only: allauth would answer whoever accepts JSON in a form nothing here reads.
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        # allauth would take the host from the request, which is the sender's choice.
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", key)

    def format_email_subject(self, subject: str) -> str:
        return f"[{settings.SITE_NAME}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Send a mail, if there is a mail server.

        Raises:
            MailNotSent: there is one, and it did not take the mail.
        """
        if not settings.EMAIL_URL:
            return
        context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        try:
            super().send_mail(template_prefix, email, context)
        # Refused, timed out, no such host, not trusted, rejected; or an address that cannot be
        # written into a mail.
        except (OSError, ValueError) as error:
            logger.exception("The mail server did not take a mail")
            raise MailNotSent from error
