"""One-time links for people who have no account yet, and the preferences of those who have one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> Self:
        """Invitations that can still be used to sign up."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def with_token(self, token: str) -> Self:
        return self.filter(token_hash=_hash(token))


class Invitation(models.Model):
    """Lets one person sign up.

    The table holds hashes of the tokens, so a reader of the table cannot use an invitation.
    """

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Null when `manage.py invite` created it, or when that account was deleted.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("ends"), editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("used by"),
    )

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @classmethod
    def new(cls, *, created_by: User | None, valid_for: timedelta) -> tuple[Invitation, str]:
        """A new invitation, not saved yet, and its token, which nobody can find out afterwards."""
        token = secrets.token_urlsafe(32)
        expires_at = timezone.now() + valid_for
        return cls(token_hash=_hash(token), created_by=created_by, expires_at=expires_at), token


class AdministratorLink(models.Model):
    """The one-time link that creates the first administrator's account: a table of one row."""

    # The token is an HMAC of this with the secret key. So the address is the same at every start
    # and in every process until it is used, and a copy of the database does not reveal it.
    nonce = models.CharField(max_length=64, editable=False)
    # Set as soon as there is an administrator, however created, and never reset.
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="administrator_link_is_single")
        ]

    def __str__(self) -> str:
        return "link for the first administrator"

    @classmethod
    def open_one(cls) -> AdministratorLink | None:
        """The link, created by the first call; None once it is closed."""
        link, _created = cls.objects.get_or_create(
            pk=1, defaults={"nonce": secrets.token_urlsafe(32)}
        )
        return link if link.closed_at is None else None

    @classmethod
    def close(cls, at: datetime) -> None:
        cls.objects.update_or_create(
            pk=1, defaults={"closed_at": at}, create_defaults={"closed_at": at, "nonce": ""}
        )

    @property
    def token(self) -> str:
        return salted_hmac(
            "accounts.AdministratorLink", self.nonce, algorithm="sha256"
        ).hexdigest()[:40]


class PreferencesManager(models.Manager["Preferences"]):
    def of(self, user: User) -> Preferences:
        """The preferences of `user`; the defaults, not saved, if they have saved none."""
        preferences: Preferences | None = getattr(user, "preferences", None)
        return preferences or self.model(user=user)


class Preferences(models.Model):
    """How one person likes to see the pages, and to be notified by mail.

    The row is created when the person saves preferences for the first time.
    """

    class Theme(models.TextChoices):
        SYSTEM = "", _("Follow the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Mail(models.TextChoices):
        OFF = "", _("Never")
        AT_ONCE = "at_once", _("At once")
        LATER = "later", _("When I have not read it after a quarter of an hour")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences"
    )
    theme = models.CharField(
        _("theme"), max_length=5, choices=Theme.choices, blank=True, default=""
    )
    # Empty: the language that the browser asks for. settings.LANGUAGES lists the languages.
    language = models.CharField(_("language"), max_length=16, blank=True, default="")
    # Empty: that of the browser, else settings.TIME_ZONE.
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    mail = models.CharField(
        _("mail"), max_length=7, choices=Mail.choices, blank=True, default=Mail.OFF
    )
    read_on_sight = models.BooleanField(_("mark messages as read when I see them"), default=True)
    enter_sends = models.BooleanField(_("Enter sends a message"), default=True)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)

    objects = PreferencesManager()

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of user {self.user_id}"
