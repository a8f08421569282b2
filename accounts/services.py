"""What happens to accounts: one verb, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import deletion_ledger
from accounts.models import AdministratorLink, Invitation, Preferences
from messaging.models import Mailbox, Message, Participant

if TYPE_CHECKING:
    from django.contrib.auth.models import User

INVITATION_DAYS = 7


class LinkClosed(Exception):
    """A one-time link that was used already, has expired, or never was one."""


# Addresses go to people by mail, chat and paper: they are built on SITE_URL, never on the Host
# header of a request, which a stranger chooses.
def _absolute(path: str) -> str:
    return settings.SITE_URL + path


# The first administrator ----------------------------------------------------------------------


def first_administrator_address() -> str | None:
    """Where the first administrator's account is made; None once there is or was one.

    The same address at every start until it is used. People who signed up or were imported
    change nothing about it.
    """
    if get_user_model().objects.filter(is_superuser=True).exists():
        close_administrator_link()
        return None
    link = AdministratorLink.open_one()
    if link is None:
        return None
    return _absolute(reverse("accounts:first_administrator", args=[link.token]))


def is_first_administrator_token(token: str) -> bool:
    """Whether `token` still lets its bearer make the first administrator's account."""
    link = AdministratorLink.open_one()
    return (
        link is not None
        and constant_time_compare(token, link.token)
        and not get_user_model().objects.filter(is_superuser=True).exists()
    )


@transaction.atomic
def make_first_administrator(*, token: str, make: Callable[[], User]) -> User:
    """The account that `make` makes, as the administrator's.

    Raises:
        LinkClosed: somebody was quicker, or `token` is not the one.
    """
    # Of two people who come at once the row lets one through; the other finds it closed.
    closing = AdministratorLink.objects.filter(pk=1, closed_at=None)
    if not is_first_administrator_token(token) or not closing.update(closed_at=timezone.now()):
        raise LinkClosed
    user = make()
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    return user


def close_administrator_link() -> None:
    """There is an administrator now, and the first one's address is gone for good."""
    if not AdministratorLink.objects.filter(pk=1, closed_at__isnull=False).exists():
        AdministratorLink.close(timezone.now())


# One-time links -------------------------------------------------------------------------------


def invite(
    *, created_by: User | None = None, days: int = INVITATION_DAYS
) -> tuple[Invitation, str]:
    """A new invitation and its address, which lets one person sign up within `days` days."""
    invitation, token = Invitation.made(created_by=created_by, lasting=timedelta(days=days))
    invitation.save()
    return invitation, _absolute(reverse("accounts:join", args=[token]))


def is_invitation_token(token: str) -> bool:
    """Whether `token` still lets its bearer sign up."""
    return Invitation.objects.with_token(token).usable().exists()


def take_invitation(token: str) -> Invitation:
    """The invitation, used up now. For a transaction that then makes the account.

    Raises:
        LinkClosed: it was used or withdrawn, has expired, or never was.
    """
    wanted = Invitation.objects.with_token(token)
    # The condition is part of the change: of two people with one link, the row lets one through.
    if not wanted.usable().update(used_at=timezone.now()):
        raise LinkClosed
    return wanted.get()


def withdraw_invitations(invitations) -> int:
    """How many of `invitations` could still be used, and no longer can."""
    return invitations.usable().update(expires_at=timezone.now())


def reset_address(user: User) -> str:
    """A one-time address where `user` chooses a new password. Also for imported people.

    It ends with the next sign-in, a change of the password or of the e-mail address, and after
    PASSWORD_RESET_TIMEOUT.
    """
    parts = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return _absolute(reverse("account_reset_password_from_key", kwargs=parts))


# An account and its owner ---------------------------------------------------------------------


@transaction.atomic
def change_email(*, user: User, email: str) -> None:
    """Make `email` the only address of `user`; the empty one leaves them without."""
    email = email.lower()
    EmailAddress.objects.filter(user=user).exclude(email=email).delete()
    if email:
        EmailAddress.objects.update_or_create(user=user, email=email, defaults={"primary": True})
    user.email = email
    user.save(update_fields=["email"])


@transaction.atomic
def save_preferences(*, user: User, **preferences: Any) -> None:
    """Save these fields of `Preferences` for `user`, and invalidate their cached pages."""
    # The mailbox first: a deletion of the account locks it before it deletes the preferences, so
    # in another order the two could deadlock.
    Mailbox.objects.raise_versions([user.pk])
    Preferences.objects.update_or_create(user=user, defaults=preferences)


def other_sessions(user: User, session_key: str | None) -> int:
    """Where else `user` is signed in, besides the session `session_key`."""
    keys = UserSession.objects.filter(user=user).exclude(session_key=session_key)
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    return alive.filter(session_key__in=keys.values("session_key")).count()


@transaction.atomic
def end_sessions(user_pk: int, *, keep: str | None = None) -> int:
    """Sign somebody out everywhere, but for the session `keep`. Returns how many places it was."""
    theirs = UserSession.objects.filter(user=user_pk).exclude(session_key=keep or "")
    keys = list(theirs.values_list("session_key", flat=True))
    ended, _by_model = Session.objects.filter(session_key__in=keys).delete()
    theirs.delete()
    return ended


def messages_deleted_with(user: User) -> int:
    """How many messages go when the account goes."""
    # Two counts, each from its own index, and not one with OR: nobody writes to themselves.
    alive = Message.objects.filter(deleted_at=None).order_by()
    return alive.filter(sender=user).count() + alive.filter(receiver=user).count()


def conversations_deleted_with(user: User) -> int:
    """How many conversations go when the account goes."""
    return Participant.objects.filter(user=user).count()


def is_last_administrator(user: User) -> bool:
    """Whether nobody could administer this installation without `user`."""
    others = get_user_model().objects.filter(is_superuser=True, is_active=True)
    return user.is_superuser and not others.exclude(pk=user.pk).exists()


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete `user` with all that is theirs.

    `messaging.signals` removes what they wrote and received, `accounts.signals` what let them in.
    """
    user.delete()


def forget_account(user: User) -> None:
    """Remove what belongs to an account beside its messages. Called by `signals.forget_account`."""
    user_pk = user.pk
    # Before it is certain and after: a power cut between the two may neither forget a deletion nor
    # let the next restore carry out one that failed.
    gone = deletion_ledger.fingerprint(user_pk, user.date_joined)
    deletion_ledger.begin(gone)
    transaction.on_commit(lambda: deletion_ledger.remember([gone]), robust=True)
    end_sessions(user_pk)
    EmailAddress.objects.filter(user=user_pk).delete()
    people = ContentType.objects.get_for_model(get_user_model())
    LogEntry.objects.filter(
        Q(user=user_pk) | Q(content_type=people, object_id=str(user_pk))
    ).delete()
