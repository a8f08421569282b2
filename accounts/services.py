"""Changes of accounts. Each function is one transaction."""

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
from accounts.models import AdministratorLink, Invitation, InvitationQuerySet, Preferences
from messaging.mailboxes import Mailbox
from messaging.models import Message, Participant

if TYPE_CHECKING:
    from django.contrib.auth.models import User

INVITATION_DAYS = 7


class LinkClosed(Exception):
    """A one-time link was used already, has expired, or never was valid."""


# People get these addresses by mail, in a chat or on paper. The base is SITE_URL, and never the
# Host header of a request: a stranger can choose that.
def _absolute(path: str) -> str:
    return settings.SITE_URL + path


# The first administrator ----------------------------------------------------------------------


def first_administrator_address() -> str | None:
    """The address of the page that creates the first administrator's account.

    It is the same at every start until somebody uses it, whoever has signed up or been imported
    meanwhile. None if there is an administrator, or once was one.
    """
    if get_user_model().objects.filter(is_superuser=True).exists():
        close_administrator_link()
        return None
    link = AdministratorLink.open_one()
    if link is None:
        return None
    return _absolute(reverse("accounts:first_administrator", args=[link.token]))


def is_first_administrator_token(token: str) -> bool:
    """Whether `token` can still be used to create the first administrator's account."""
    link = AdministratorLink.open_one()
    return (
        link is not None
        and constant_time_compare(token, link.token)
        and not get_user_model().objects.filter(is_superuser=True).exists()
    )


@transaction.atomic
def create_first_administrator(*, token: str, create: Callable[[], User]) -> User:
    """Call `create`, and make the account that it returns an administrator's.

    Raises:
        LinkClosed: somebody has used the link before, or `token` is wrong.
    """
    # Of two simultaneous requests only one updates the row; the other finds the link closed.
    closing = AdministratorLink.objects.filter(pk=1, closed_at=None)
    if not is_first_administrator_token(token) or not closing.update(closed_at=timezone.now()):
        raise LinkClosed
    user = create()
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])
    return user


def close_administrator_link() -> None:
    """Close the first administrator's link for ever, because an administrator exists."""
    if not AdministratorLink.objects.filter(pk=1, closed_at__isnull=False).exists():
        AdministratorLink.close(timezone.now())


# One-time links -------------------------------------------------------------------------------


def invite(
    *, created_by: User | None = None, days: int = INVITATION_DAYS
) -> tuple[Invitation, str]:
    """Create an invitation. Returns it and its address, where one person can sign up.

    The address works for `days` days. The database does not hold it: nobody can look it up later.
    """
    invitation, token = Invitation.new(created_by=created_by, valid_for=timedelta(days=days))
    invitation.save()
    return invitation, _absolute(reverse("accounts:join", args=[token]))


def is_invitation_token(token: str) -> bool:
    """Whether `token` can still be used to sign up."""
    return Invitation.objects.with_token(token).usable().exists()


def use_invitation(token: str) -> Invitation:
    """Use up an invitation, in the transaction that then creates the account. Returns it.

    Raises:
        LinkClosed: it was used or withdrawn, has expired, or never existed.
    """
    invitation = Invitation.objects.with_token(token)
    # The condition is part of the UPDATE: of two people with one link, it lets only one through.
    if not invitation.usable().update(used_at=timezone.now()):
        raise LinkClosed
    return invitation.get()


def withdraw_invitations(invitations: InvitationQuerySet) -> int:
    """Make the usable ones among `invitations` unusable. Returns how many those were."""
    return invitations.usable().update(expires_at=timezone.now())


def reset_address(user: User) -> str:
    """A one-time address where `user` chooses a new password; imported people can use it as well.

    It expires with the next sign-in, with a change of the password or of the e-mail address, and
    after PASSWORD_RESET_TIMEOUT.
    """
    parts = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return _absolute(reverse("account_reset_password_from_key", kwargs=parts))


# An account and its owner ---------------------------------------------------------------------


@transaction.atomic
def change_email(*, user: User, email: str) -> None:
    """Make `email` the only address of `user`. With an empty `email` they have none."""
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
    """In how many other places than the session `session_key` `user` is signed in."""
    keys = UserSession.objects.filter(user=user).exclude(session_key=session_key)
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    return alive.filter(session_key__in=keys.values("session_key")).count()


@transaction.atomic
def end_sessions(user_pk: int, *, keep: str | None = None) -> int:
    """End the sessions of a user, except the session `keep`. Returns how many it ended."""
    theirs = UserSession.objects.filter(user=user_pk).exclude(session_key=keep or "")
    keys = list(theirs.values_list("session_key", flat=True))
    ended, _by_model = Session.objects.filter(session_key__in=keys).delete()
    theirs.delete()
    return ended


def messages_deleted_with(user: User) -> int:
    """How many messages are deleted with the account."""
    # Two counts, each from its own index, instead of one with OR. No message counts twice: nobody
    # writes to themselves.
    existing = Message.objects.filter(deleted_at=None).order_by()
    count: int = existing.filter(sender=user).count() + existing.filter(receiver=user).count()
    return count


def conversations_deleted_with(user: User) -> int:
    """How many conversations are deleted with the account."""
    return Participant.objects.filter(user=user).count()


def is_last_administrator(user: User) -> bool:
    """Whether nobody could administer this installation without `user`."""
    others = get_user_model().objects.filter(is_superuser=True, is_active=True)
    return user.is_superuser and not others.exclude(pk=user.pk).exists()


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete `user` with everything that belongs to them.

    Receivers do the rest: `messaging.signals` deletes messages and conversations, and
    `accounts.signals` sessions, addresses and the administrators' log.
    """
    user.delete()


def delete_account_data(user: User) -> None:
    """Delete what belongs to an account besides its messages, and record the deletion.

    Preferences go by themselves: their foreign key cascades. Called by
    `signals.delete_account_data`.
    """
    user_pk = user.pk
    # In the ledger before and after the commit: a power cut between the two must neither lose a
    # deletion that succeeded, nor make the next restore repeat one that failed.
    fingerprint = deletion_ledger.fingerprint(user_pk, user.date_joined)
    deletion_ledger.record_started(fingerprint)
    transaction.on_commit(lambda: deletion_ledger.record_finished([fingerprint]), robust=True)
    end_sessions(user_pk)
    EmailAddress.objects.filter(user=user_pk).delete()
    people = ContentType.objects.get_for_model(get_user_model())
    LogEntry.objects.filter(
        Q(user=user_pk) | Q(content_type=people, object_id=str(user_pk))
    ).delete()
