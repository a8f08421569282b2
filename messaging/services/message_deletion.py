"""Messages deleted by those who wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Max, Q
from django.utils import timezone

from messaging.dependents import delete_dependents
from messaging.models import Conversation, Mailbox, Message
from messaging.services.transactions import in_chunks, lock, one_transaction, people_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.managers import MessageQuerySet


@one_transaction
def delete_message(*, message: Message, author: User) -> bool:
    """Delete `author`'s own message. True if its empty row stays, for the replies below it.

    Raises:
        Message.DoesNotExist: it is gone already, or is not `author`'s own.
    """
    mine = Message.objects.filter(pk=message.pk, sender=author)
    if not delete_messages(mine):
        raise Message.DoesNotExist(f"There is no message {message.pk} of this author.")
    return mine.exists()


@one_transaction
def delete_messages(messages: MessageQuerySet) -> int:
    """How many of `messages` were deleted: text, history and notification gone.

    The row stays, empty, where replies hang below; otherwise it goes, and with it empty rows
    above it that have lost their last reply.
    """
    chosen = Message.objects.filter(pk__in=messages.order_by().values("pk"), deleted_at=None)
    lock(Conversation.objects.filter(pk__in=chosen.values("conversation_id")))
    # Looked for again, now that nobody else can delete them.
    found = list(chosen.values_list("pk", "conversation_id", "thread_id"))
    if not found:
        return 0
    conversations = sorted({conversation for _pk, conversation, _thread in found})
    versions = {pk: Conversation.objects.next_version(pk) for pk in conversations}
    Mailbox.objects.raise_versions(people_in(conversations))
    for conversation, version in versions.items():
        pks = [pk for pk, its_conversation, _thread in found if its_conversation == conversation]
        for some in in_chunks(pks):
            _empty(some, version)
    gone = _prune({thread or pk for pk, _conversation, thread in found})
    if gone and len(found) > 1:
        # The rows that stay carry the version, and would hide that others went under it. Of a
        # version that no row carries, open pages know that something is gone.
        for pk in conversations:
            Conversation.objects.next_version(pk)
    _repoint_last_messages(gone)
    return len(found)


def _empty(pks: list[int], version: int) -> None:
    delete_dependents(pks)
    # The queryset refuses to touch `content`, so that no edit escapes its history; here the
    # history has gone as well.
    models.QuerySet.update(
        Message.objects.filter(pk__in=pks),
        content="",
        content_html="",
        edited=False,
        read=True,
        deleted_at=timezone.now(),
        changed_in=version,
    )


def _prune(threads: Iterable[int]) -> list[int]:
    """Remove the empty rows of these threads that nothing hangs below. Returns their ids."""
    gone: list[int] = []
    for pks in in_chunks(sorted(threads)):
        rows = Message.objects.filter(Q(pk__in=pks) | Q(thread__in=pks))
        needed: set[int | None] = set()
        # A reply is younger than what it answers: from the youngest on, one pass decides.
        for pk, parent, deleted_at in rows.order_by("-pk").values_list(
            "pk", "parent_message_id", "deleted_at"
        ):
            if deleted_at is None or pk in needed:
                needed.add(parent)
            else:
                gone.append(pk)
    for pks in in_chunks(gone):
        # The messages that point here go in the same transaction; the check waits for its end.
        Message.objects.filter(pk__in=pks).delete_rows()
    return gone


def _repoint_last_messages(gone: list[int]) -> None:
    for pks in in_chunks(gone):
        for conversation in Conversation.objects.filter(last_message__in=pks):
            conversation.last_message_id = conversation.messages.aggregate(last=Max("pk"))["last"]
            conversation.save(update_fields=["last_message"])
