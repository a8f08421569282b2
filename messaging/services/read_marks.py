"""Read marks of messages and of their notifications, which always agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from messaging.models import Mailbox, Message, Notification, Participant
from messaging.services.transactions import in_chunks, one_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.managers import MessageQuerySet


@one_transaction
def mark_as_read(*, reader: User, messages: MessageQuerySet) -> int:
    """How many of `messages`, unread until now, `reader` has read. Their notifications too."""
    return _set_read(reader, messages.unread_by(reader), read=True)


@one_transaction
def mark_as_unread(*, reader: User, message: Message) -> int:
    """1 if `message` was read and is unread again, else 0. Its notification too."""
    mine = Message.objects.filter(pk=message.pk, receiver=reader, read=True, deleted_at=None)
    return _set_read(reader, mine, read=False)


def _set_read(reader: User, messages: MessageQuerySet, *, read: bool) -> int:
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
        changed += Message.objects.filter(pk__in=pks, read=not read).update(
            read=read, read_at=timezone.now() if read else None
        )
        Notification.objects.filter(user=reader, message__in=pks).update(read=read)
    return changed


@one_transaction
def mark_notifications_as_read(*, reader: User, up_to: int) -> int:
    """How many notifications of `reader`, up to the id `up_to`, were unread. Their messages too."""
    unread = Notification.objects.unread_by(reader).filter(pk__lte=up_to)
    told = Message.objects.filter(pk__in=unread.values("message"))
    return _set_read(reader, told.unread_by(reader), read=True)


def read_notifications_of(message: Message) -> None:
    """Give the notifications of `message` its own read mark."""
    Notification.objects.filter(message=message).update(read=message.read)
