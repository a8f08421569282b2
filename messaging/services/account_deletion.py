"""Deletion of an account's messages, and the lock that comes before it."""

from __future__ import annotations

from django.db import transaction

from messaging.deleted_accounts import DeletedAccount
from messaging.dependents import delete_dependents, delete_drafts
from messaging.folded_names import FoldedNames
from messaging.mailboxes import Mailbox
from messaging.models import Conversation, Message, Notification, Participant
from messaging.services import batched_deletion
from messaging.services.message_deletion import delete_messages
from messaging.services.transactions import in_chunks, lock, one_transaction, people_in


def lock_account(user_pk: int) -> None:
    """Keep everybody from writing to this account until the transaction ends."""
    if not transaction.get_connection().features.has_select_for_update:
        return
    # The mailbox keeps other writers out: a send locks it before it creates the message. The row of
    # the user cannot serve: a sender holds a conversation when PostgreSQL, at the sender's commit,
    # checks the row of the user, and the two would deadlock. A conversation that was begun while
    # this waited is not locked yet. Then all locks are released, and taken again with it.
    while True:
        try:
            with transaction.atomic():
                conversations = Conversation.objects.with_participant(user_pk)
                locked = lock(conversations)
                Mailbox.objects.raise_versions({user_pk, *people_in(sorted(locked))})
                if conversations.count() == len(locked):
                    return
                raise _ConversationBegun
        except _ConversationBegun:
            continue


class _ConversationBegun(Exception):
    """Somebody wrote to the account for the first time while it was being locked."""


@one_transaction
def delete_everything_of(user_pk: int) -> None:
    """Delete what this account wrote, and the conversations that end with it, by sets.

    Neither the number of messages nor the depth of a thread matters. A conversation of two people
    ends when one of them is gone, and all its messages go. In any other conversation the messages
    that this account wrote go, as if their author had deleted them, and the messages of the others
    stay. A large account is only hidden here, and `batched_deletion` deletes it afterwards.

    Called by `signals.cleanup_user_data`.
    """
    conversations = Conversation.objects.with_participant(user_pk)
    lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    # The mailbox of the account as well: its owner may have other windows open. The signal names people
    # and no conversations: after the commit nobody takes part in these any more.
    Mailbox.objects.raise_versions({user_pk, *people_in(pks)})
    ending = list(Conversation.objects.ending_with(user_pk).values_list("pk", flat=True))
    _leave_conversations(user_pk, sorted({*pks} - {*ending}))
    if batched_deletion.is_large(user_pk):
        batched_deletion.hide_account(user_pk, ending)
    else:
        _delete_conversations(ending)
        # Messages can remain in a conversation that is being deleted with the other account.
        if batched_deletion.has_messages(user_pk):
            batched_deletion.hide_account(user_pk, [])
        else:
            DeletedAccount.objects.filter(pk=user_pk).delete()
    FoldedNames.objects.filter(pk=user_pk).delete()
    Mailbox.objects.filter(pk=user_pk).delete()


def _leave_conversations(user_pk: int, pks: list[int]) -> None:
    """Delete what the account wrote in conversations that others go on with, and its part in them.

    Empty rows that keep the place of its messages, and messages that others wrote to it, stay.
    """
    for some in in_chunks(pks):
        delete_messages(Message.objects.filter(conversation__in=some, sender=user_pk))
        Notification.objects.filter(message__conversation__in=some, user=user_pk).delete()
        delete_drafts(some, user_pk)
        Participant.objects.filter(conversation__in=some, user=user_pk).delete()


def _delete_conversations(pks: list[int]) -> None:
    for some in in_chunks(pks):
        messages = Message.objects.filter(conversation__in=some)
        delete_dependents(messages.values("pk"))
        delete_drafts(some)
        Conversation.objects.filter(pk__in=some).update(last_message=None)
        messages.delete_rows()
        Participant.objects.filter(conversation__in=some).delete()
        Conversation.objects.filter(pk__in=some).delete()
