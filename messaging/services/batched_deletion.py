"""Accounts with so much in them that it cannot go at once: hidden first, then removed in batches.

A transaction that removed a million messages would keep everybody on SQLite from writing for a
minute. So the one that deletes the account takes its conversations out of everybody's sight, and
batches that hold no lock for long remove the rows. Each batch is a transaction of its own, and
what is left to do stands in the database: after a crash the next batch goes on.
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

from messaging.deleted_accounts import ErasedAccount, ErasedConversation
from messaging.dependents import delete_dependents
from messaging.models import (
    Conversation,
    Message,
    Participant,
)
from messaging.services.transactions import in_chunks, one_transaction

# Messages, sent and received, up to which an account goes in one transaction.
AT_ONCE = 1_500

# How long a batch may hold its locks, in seconds: a third of the 150 ms that people may be
# made to wait, since a machine can be busy. Batches grow and shrink towards it.
BATCH_TIME = 0.05
SMALLEST, FIRST, LARGEST = 20, 100, 2_000  # messages in a batch

# How long one run of the task goes on, in seconds. Short, so that a worker that is told to end
# does so, and mail does not wait behind a large account.
SLICE = 0.4

# After so long without a batch nobody is at it any more.
ABANDONED = timedelta(minutes=5)


def is_large(user_pk: int) -> bool:
    """Whether there is more of this account than one transaction should remove."""
    # Counted as far as it matters: a count of everything could take as long as the rest.
    sent = Message.objects.filter(sender=user_pk).order_by().values("pk")[: AT_ONCE + 1]
    received = Message.objects.filter(receiver=user_pk).order_by().values("pk")[: AT_ONCE + 1]
    return sent.count() + received.count() > AT_ONCE


def is_pointed_to(user_pk: int) -> bool:
    """Whether a message is left that this account sent or received."""
    sent, received = (
        Message.objects.filter(sender=user_pk),
        Message.objects.filter(receiver=user_pk),
    )
    return sent.exists() or received.exists()


def hide(user_pk: int, conversations: list[int]) -> None:
    """Take these conversations out of everybody's sight, in the transaction of a deletion.

    The account's row, which is gone by now, comes back without anything of the person: the
    messages that are still there point to it. It goes with the last of them.
    """
    from messaging.tasks import erase_account

    ErasedAccount.objects.get_or_create(user_id=user_pk)
    for some in in_chunks(conversations):
        ErasedConversation.objects.bulk_create(
            ErasedConversation(conversation_id=pk, account_id=user_pk) for pk in some
        )
        # What nobody takes part in is nobody's to see: every page looks for its reader here.
        Participant.objects.filter(conversation__in=some).delete()
    _keep_place_of(user_pk)
    erase_account.enqueue(account_pk=user_pk)


def _keep_place_of(user_pk: int) -> None:
    user_model = get_user_model()
    nobody = user_model(pk=user_pk, password=make_password(None))
    # A name that nobody can have taken: others sign up in the meantime.
    setattr(nobody, user_model.USERNAME_FIELD, f"erased-{user_pk}-{uuid4().hex}")
    nobody.is_active = False
    # Not by save(): nothing that follows a new person follows this.
    user_model._base_manager.bulk_create([nobody])


def erase_for_a_while(user_pk: int) -> bool:
    """Remove batches of a hidden account for a short time. True while something is left."""
    size, until = FIRST, time.monotonic() + SLICE
    while time.monotonic() < until:
        began = time.monotonic()
        if not _erase_batch(user_pk, size):
            return False
        took = time.monotonic() - began
        size = min(LARGEST, max(SMALLEST, int(size * min(2.0, BATCH_TIME / max(took, 0.001)))))
        # As long again, everybody else can write: SQLite does not queue its writers fairly.
        time.sleep(took)
    return True


@one_transaction
def _erase_batch(user_pk: int, size: int) -> bool:
    """Remove about `size` messages of a hidden account. True while something is left."""
    if not ErasedAccount.objects.filter(pk=user_pk).update(touched_at=timezone.now()):
        return False
    hidden = ErasedConversation.objects.filter(account=user_pk).order_by("pk")
    left = size
    for conversation_pk in list(hidden.values_list("pk", flat=True)[:size]):
        Conversation.objects.filter(pk=conversation_pk).update(last_message=None)
        gone = _erase_youngest(conversation_pk, left)
        left -= gone
        if left <= 0:
            return True
        # Fewer than there was room for: this was the last of it.
        ErasedConversation.objects.filter(pk=conversation_pk).delete()
        Conversation.objects.filter(pk=conversation_pk).delete()
        left -= 1
        if left <= 0:
            return True
    if hidden.exists():
        return True
    _finish()
    return False


def _erase_youngest(conversation_pk: int, size: int) -> int:
    """Remove up to `size` messages of a conversation. Fewer, if there are no more of them."""
    total = 0
    while total < size:
        pks = _youngest(conversation_pk, size - total)
        if not pks:
            break
        for some in in_chunks(pks):
            delete_dependents(some)
            Message.objects.filter(pk__in=some).erase()
        total += len(pks)
    return total


def _youngest(conversation_pk: int, size: int) -> list[int]:
    """Ids of at most `size` messages to which no other message of the conversation points.

    Roots by descending id, and before a root the youngest of its replies: references are checked
    when the batch is committed, and nothing answers a younger message.
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
        # The last of these threads may have replies beyond; the ones before it are complete.
        roots = [pk for pk in roots if pk > replies[-1][1]]
    return pks + roots[: size - len(pks)]


def _finish() -> None:
    """Remove the places of accounts to which no message points any more."""
    # Two people who have both gone share their conversation: whoever of the two is finished
    # first must wait for the other's batches.
    pk = OuterRef("pk")
    finished = ErasedAccount.objects.filter(
        ~Exists(ErasedConversation.objects.filter(account=pk)),
        ~Exists(Message.objects.filter(sender=pk)),
        ~Exists(Message.objects.filter(receiver=pk)),
    )
    for user_pk in list(finished.values_list("pk", flat=True)):
        # As any account: with nothing left of it, it goes at once.
        get_user_model()._base_manager.filter(pk=user_pk).delete()


@transaction.atomic
def resume_erasures() -> int:
    """How many hidden accounts, at which nobody is at work, are being removed again."""
    from messaging.tasks import erase_account

    resumed = 0
    for account in ErasedAccount.objects.filter(touched_at__lt=timezone.now() - ABANDONED):
        mine = ErasedAccount.objects.filter(pk=account.pk, touched_at=account.touched_at)
        if mine.update(touched_at=timezone.now()):
            erase_account.enqueue(account_pk=account.pk)
            resumed += 1
    return resumed
