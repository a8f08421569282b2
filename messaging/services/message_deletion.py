"""Deletion of messages by their authors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Max, Q
from django.utils import timezone

from messaging.dependents import delete_dependents
from messaging.events import Audience
from messaging.mailboxes import Mailbox
from messaging.models import Conversation, Message
from messaging.services.transactions import in_chunks, lock, one_transaction, people_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.managers import MessageQuerySet


@one_transaction
def delete_message(*, message: Message, author: User) -> bool:
    """Delete a message of `author`. True if its empty row stays, because replies hang below it.

    Raises:
        Message.DoesNotExist: the message is gone already, or `author` did not write it.
    """
    mine = Message.objects.filter(pk=message.pk, sender=author)
    if not delete_messages(mine):
        raise Message.DoesNotExist(f"There is no message {message.pk} of this author.")
    return bool(mine.exists())


@one_transaction
def delete_messages(messages: MessageQuerySet) -> int:
    """Delete the text, the history and the notifications of `messages`. Returns how many.

    Where replies hang below, an empty row keeps the place of the message. Otherwise the row goes as
    well, with every empty row above it that has lost its last reply.
    """
    chosen = Message.objects.filter(pk__in=messages.order_by().values("pk"), deleted_at=None)
    lock(Conversation.objects.filter(pk__in=chosen.values("conversation_id")))
    # Read again under the lock: another request may have deleted some meanwhile.
    found = list(chosen.values_list("pk", "conversation_id", "thread_id"))
    if not found:
        return 0
    conversations = sorted({conversation for _pk, conversation, _thread in found})
    versions = {pk: Conversation.objects.next_version(pk) for pk in conversations}
    Mailbox.objects.raise_versions(
        people_in(conversations), Audience(conversations=frozenset(conversations))
    )
    for conversation, version in versions.items():
        pks = [pk for pk, its_conversation, _thread in found if its_conversation == conversation]
        for some in in_chunks(pks):
            _empty(some, version)
    threads = {thread or pk for pk, _conversation, thread in found}
    deleted = _delete_empty_rows(threads)
    if deleted:
        for some in in_chunks(sorted(threads)):
            Message.objects.filter(pk__in=some).store_newest_replies()
    if deleted and len(found) > 1:
        # The rows that stay carry the version, and so hide that other rows went under it. An open
        # page learns that something is gone from a version that no row carries.
        for pk in conversations:
            Conversation.objects.next_version(pk)
    _set_last_messages(deleted)
    return len(found)


def _empty(pks: list[int], version: int) -> None:
    delete_dependents(pks)
    # The queryset refuses to update `content`, so that no edit escapes its history. Here the history
    # has gone as well.
    models.QuerySet.update(
        Message.objects.filter(pk__in=pks),
        content="",
        content_html="",
        edited=False,
        read=True,
        deleted_at=timezone.now(),
        changed_in=version,
    )


def _delete_empty_rows(threads: Iterable[int]) -> list[int]:
    """Delete the empty rows of these threads that no reply needs. Returns their ids."""
    deleted: list[int] = []
    for pks in in_chunks(sorted(threads)):
        rows = Message.objects.filter(Q(pk__in=pks) | Q(thread__in=pks))
        needed: set[int | None] = set()
        # A reply is younger than its parent: one pass from the youngest row on decides.
        for pk, parent, deleted_at in rows.order_by("-pk").values_list(
            "pk", "parent_message_id", "deleted_at"
        ):
            if deleted_at is None or pk in needed:
                needed.add(parent)
            else:
                deleted.append(pk)
    for pks in in_chunks(deleted):
        # Messages that point to these rows go in the same transaction, and the database checks
        # references at its end.
        Message.objects.filter(pk__in=pks).delete_rows()
    return deleted


def _set_last_messages(deleted: list[int]) -> None:
    """Let conversations whose last message was deleted point to the one before it."""
    for pks in in_chunks(deleted):
        for conversation in Conversation.objects.filter(last_message__in=pks):
            conversation.last_message_id = conversation.messages.aggregate(last=Max("pk"))["last"]
            conversation.save(update_fields=["last_message"])
