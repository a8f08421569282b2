"""Deletion of large accounts: hidden in one transaction, then deleted in batches.

A transaction that deleted a million messages would block every other writer on SQLite for a
minute. So the transaction that deletes the account only hides its conversations from everybody.
Batches, each a short transaction of its own, then delete the rows. The database holds what is left
to do: after a crash the next batch goes on.
"""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_tasks import task

from messaging.deleted_accounts import DeletedAccount, DeletedConversation
from messaging.dependents import delete_dependents, delete_drafts
from messaging.models import Conversation, Message, Participant
from messaging.services.transactions import in_chunks, one_transaction

# Messages, sent and received, up to which an account is deleted in one transaction.
AT_ONCE = 1_500

# How long a batch may hold its locks, in seconds. People may wait for 150 ms at most; a third of
# that leaves room for a busy machine. Batches grow and shrink towards it.
BATCH_TIME = 0.05
SMALLEST, FIRST, LARGEST = 20, 100, 2_000  # messages in a batch

# How long one run of the task lasts, in seconds. Short, so that a worker stops soon after it is
# told to, and mail does not wait behind a large account.
SLICE = 0.4

# An account without a batch for so long has no task that works on it.
ABANDONED = timedelta(minutes=5)


@task()
def delete_hidden_account(account_pk: int) -> None:
    """Delete batches of a hidden account for a short time, and enqueue the rest.

    It may run twice: a worker can die after the work and before it marks the task as done.
    """
    if delete_batches(account_pk):
        delete_hidden_account.enqueue(account_pk=account_pk)


def is_large(user_pk: int) -> bool:
    """Whether this account has more messages than one transaction should delete."""
    # Counted up to the limit: a count of all could take as long as deleting them.
    sent = Message.objects.filter(sender=user_pk).order_by().values("pk")[: AT_ONCE + 1]
    received = Message.objects.filter(receiver=user_pk).order_by().values("pk")[: AT_ONCE + 1]
    return bool(sent.count() + received.count() > AT_ONCE)


def has_messages(user_pk: int) -> bool:
    """Whether a message exists that this account sent or received."""
    sent, received = (
        Message.objects.filter(sender=user_pk),
        Message.objects.filter(receiver=user_pk),
    )
    return bool(sent.exists() or received.exists())


def hide_account(user_pk: int, conversations: list[int]) -> None:
    """Hide these conversations from everybody, in the transaction that deletes the account.

    The row of the user, which that transaction has deleted, comes back without anything of the
    person, because messages still point to it. The last batch deletes it.
    """
    DeletedAccount.objects.get_or_create(user_id=user_pk)
    for some in in_chunks(conversations):
        DeletedConversation.objects.bulk_create(
            DeletedConversation(conversation_id=pk, account_id=user_pk) for pk in some
        )
        # Every page looks for its reader among the participants: without them nobody sees it.
        Participant.objects.filter(conversation__in=some).delete()
        delete_drafts(some)
    _restore_nameless_row(user_pk)
    delete_hidden_account.enqueue(account_pk=user_pk)


def _restore_nameless_row(user_pk: int) -> None:
    user_model = get_user_model()
    nobody = user_model(pk=user_pk, password=make_password(None))
    # A name that nobody else can have: others sign up meanwhile.
    setattr(nobody, user_model.USERNAME_FIELD, f"deleted-{user_pk}-{uuid4().hex}")
    nobody.is_active = False
    # Not save(): the receivers for a new person must not run.
    user_model._base_manager.bulk_create([nobody])


def delete_batches(user_pk: int) -> bool:
    """Delete batches of a hidden account for a short time. True while something is left."""
    size, until = FIRST, time.monotonic() + SLICE
    while time.monotonic() < until:
        began = time.monotonic()
        if not _delete_batch(user_pk, size):
            return False
        took = time.monotonic() - began
        size = min(LARGEST, max(SMALLEST, int(size * min(2.0, BATCH_TIME / max(took, 0.001)))))
        # Other writers get as much time as the batch took: SQLite does not queue its writers
        # fairly.
        time.sleep(took)
    return True


@one_transaction
def _delete_batch(user_pk: int, size: int) -> bool:
    """Delete about `size` messages of a hidden account. True while something is left."""
    if not DeletedAccount.objects.filter(pk=user_pk).update(touched_at=timezone.now()):
        return False
    hidden = DeletedConversation.objects.filter(account=user_pk).order_by("pk")
    left = size
    for conversation_pk in list(hidden.values_list("pk", flat=True)[:size]):
        Conversation.objects.filter(pk=conversation_pk).update(last_message=None)
        gone = _delete_youngest(conversation_pk, left)
        left -= gone
        if left <= 0:
            return True
        # Fewer messages than there was room for: the conversation is empty.
        DeletedConversation.objects.filter(pk=conversation_pk).delete()
        Conversation.objects.filter(pk=conversation_pk).delete()
        left -= 1
        if left <= 0:
            return True
    if hidden.exists():
        return True
    _delete_nameless_rows()
    return False


def _delete_youngest(conversation_pk: int, size: int) -> int:
    """Delete up to `size` messages of a conversation. Returns how many there were to delete."""
    total = 0
    while total < size:
        pks = _youngest(conversation_pk, size - total)
        if not pks:
            break
        for some in in_chunks(pks):
            delete_dependents(some)
            Message.objects.filter(pk__in=some).delete_rows()
        total += len(pks)
    return total


def _youngest(conversation_pk: int, size: int) -> list[int]:
    """The ids of at most `size` messages to which no other message of the conversation points.

    Roots by descending id, and before each root the youngest of its replies: the database checks
    references when the batch is committed, and no message answers a younger one.
    """
    messages = Message.objects.filter(conversation=conversation_pk)
    roots = list(messages.top_level().order_by("-pk").values_list("pk", flat=True)[:size])
    replies = list(
        Message.objects.filter(thread__in=roots)
        .order_by("-thread", "-pk")
        .values_list("pk", "thread_id")[:size]
    )
    pks = [pk for pk, _thread in replies]
    if len(replies) == size:
        # The last of these threads may have more replies; the threads before it are complete.
        roots = [pk for pk in roots if pk > replies[-1][1]]
    return pks + roots[: size - len(pks)]


def _delete_nameless_rows() -> None:
    """Delete the rows of deleted accounts to which no message points any more."""
    # Two people who have both deleted their accounts share a conversation: the account that is
    # finished first waits for the batches of the other.
    pk = OuterRef("pk")
    finished = DeletedAccount.objects.filter(
        ~Exists(DeletedConversation.objects.filter(account=pk)),
        ~Exists(Message.objects.filter(sender=pk)),
        ~Exists(Message.objects.filter(receiver=pk)),
    )
    for user_pk in list(finished.values_list("pk", flat=True)):
        # Deleted as any account is: nothing of it is left, so it goes at once.
        get_user_model()._base_manager.filter(pk=user_pk).delete()


@transaction.atomic
def resume_account_deletions() -> int:
    """Enqueue the deletion of hidden accounts that no task works on. Returns how many."""
    resumed = 0
    for account in DeletedAccount.objects.filter(touched_at__lt=timezone.now() - ABANDONED):
        mine = DeletedAccount.objects.filter(pk=account.pk, touched_at=account.touched_at)
        if mine.update(touched_at=timezone.now()):
            delete_hidden_account.enqueue(account_pk=account.pk)
            resumed += 1
    return resumed
