"""What follows when an account is made, changes its name, or goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from messaging.deleted_accounts import ErasedAccount
from messaging.dependents import delete_dependents
from messaging.models import Conversation, Mailbox, Message, Participant
from messaging.services import batched_deletion
from messaging.services.transactions import in_chunks, lock, one_transaction, people_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.managers import ConversationQuerySet


def open_mailbox(user: User) -> None:
    """Give a new person what their pages depend on."""
    Mailbox.objects.get_or_create(user=user)


@one_transaction
def refresh_conversations_of(user_pk: int) -> None:
    """Let no page that was made before show this person's old name."""
    conversations = _conversations_of(user_pk)
    lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    for some in in_chunks(pks):
        Conversation.objects.filter(pk__in=some).update(version=F("version") + 1)
    Mailbox.objects.raise_versions({user_pk, *people_in(pks)})


def _conversations_of(user_pk: int) -> ConversationQuerySet:
    return Conversation.objects.filter(participants__user=user_pk)


def lock_account(user_pk: int) -> None:
    """Keep everybody from writing to this account until the transaction ends."""
    if not transaction.get_connection().features.has_select_for_update:
        return
    # Their mailbox is what keeps others out: whoever sends takes it before the message. Not the
    # row of the user: whoever has sent holds a conversation when PostgreSQL, at their commit,
    # looks for its people, and the two would wait for each other. A conversation that was begun
    # while this waited is not locked yet; then all is let go, and locked anew with it.
    while True:
        try:
            with transaction.atomic():
                locked = lock(_conversations_of(user_pk))
                Mailbox.objects.raise_versions({user_pk, *people_in(sorted(locked))})
                if _conversations_of(user_pk).count() == len(locked):
                    return
                raise _BegunInBetween
        except _BegunInBetween:
            continue


class _BegunInBetween(Exception):
    """Somebody wrote to the account for the first time while it was being locked."""


@one_transaction
def delete_everything_of(user_pk: int) -> None:
    """Remove every message this account sent or received, with all that belongs to them.

    By sets, so that neither the number of messages nor the depth of a thread matters. Of a large
    account everything is hidden now, and removed by `erasing` afterwards. Called by
    `signals.cleanup_user_data`.
    """
    conversations = _conversations_of(user_pk)
    lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    # This person's own mailbox as well: they may be reading in another window.
    Mailbox.objects.raise_versions({user_pk, *people_in(pks)})
    if batched_deletion.is_large(user_pk):
        batched_deletion.hide(user_pk, pks)
    else:
        _delete_conversations(pks)
        # Messages in a conversation that is being removed with the other person's account.
        if batched_deletion.is_pointed_to(user_pk):
            batched_deletion.hide(user_pk, [])
        else:
            ErasedAccount.objects.filter(pk=user_pk).delete()
    Mailbox.objects.filter(pk=user_pk).delete()


def _delete_conversations(pks: list[int]) -> None:
    for some in in_chunks(pks):
        messages = Message.objects.filter(conversation__in=some)
        delete_dependents(messages.values("pk"))
        Conversation.objects.filter(pk__in=some).update(last_message=None)
        messages.erase()
        Participant.objects.filter(conversation__in=some).delete()
        Conversation.objects.filter(pk__in=some).delete()
