"""Read marks of messages and of their notifications, which always agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, QuerySet
from django.utils import timezone

from messaging import unread
from messaging.mailboxes import Mailbox
from messaging.models import Message, Notification, Participant
from messaging.services.transactions import in_chunks, one_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@one_transaction
def mark_as_read(*, reader: User, messages: QuerySet[Message, Message]) -> int:
    """Mark those of `messages` as read that `reader` has not read, with their notifications.

    Returns how many were marked.
    """
    return _set_read(reader, messages.filter(unread.unread_by(reader)), read=True)


@one_transaction
def mark_as_unread(*, reader: User, message: Message) -> int:
    """Mark `message` as unread for `reader`, with its notification.

    Returns 1, or 0 if it was unread already, was deleted, or is not for `reader`.
    """
    mine = Message.objects.filter(unread.read_by(reader), pk=message.pk)
    return _set_read(reader, mine, read=False)


def _set_read(reader: User, messages: QuerySet[Message, Message], *, read: bool) -> int:
    found = list(messages.order_by("pk").values_list("pk", "conversation_id"))
    if not found:
        return 0
    Mailbox.objects.raise_versions([reader.pk])
    for conversations in in_chunks(sorted({conversation for _pk, conversation in found})):
        Participant.objects.filter(user=reader, conversation__in=conversations).update(
            version=F("version") + 1
        )
    changed = 0
    for pks in in_chunks([pk for pk, _conversation in found]):
        # The condition is part of the change: another request may have marked some meanwhile.
        changed += Message.objects.filter(pk__in=pks, read=not read).update(
            read=read, read_at=timezone.now() if read else None
        )
        Notification.objects.filter(user=reader, message__in=pks).update(read=read)
    return changed


@one_transaction
def mark_notifications_as_read(*, reader: User, up_to: int) -> int:
    """Mark the notifications of `reader` up to the id `up_to` as read, with their messages.

    Returns how many messages were marked.
    """
    notifications = Notification.objects.unread_by(reader).filter(pk__lte=up_to)
    messages = Message.objects.filter(pk__in=notifications.values("message"))
    return _set_read(reader, messages.unread_by(reader), read=True)


def read_notifications_of(message: Message) -> None:
    """Give the notifications of `message` its read mark.

    Called by `signals.read_notification_with_message`.
    """
    Notification.objects.filter(message=message).update(read=message.read)
