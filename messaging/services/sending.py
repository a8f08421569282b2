"""Writing: a message is sent, and later edited."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from messaging.models import (
    CONTENT_MAX_BYTES,
    CONTENT_MAX_LENGTH,
    Conversation,
    Message,
    MessageHistory,
    Notification,
)
from messaging.services.transactions import lock, one_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class MessageConflict(Exception):
    """A repeated send with another text, or an edit of a text that has changed meanwhile."""

    def __init__(self, message: Message) -> None:
        super().__init__(f"message {message.pk} says something else")
        self.message = message


def clean_content(content: str) -> str:
    """`content` as it is stored: line ends as one character, no blank lines around it.

    Raises:
        ValidationError: nothing is left to say, it is too long, or it cannot be stored.
    """
    content = content.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    if not any(_shows(character) for character in content):
        raise ValidationError(_("Write something first: a message cannot be empty."), code="empty")
    if len(content) > CONTENT_MAX_LENGTH:
        raise ValidationError(
            _("A message can have at most %(limit)s characters; this one has %(length)s."),
            code="too_long",
            params=_grouped(CONTENT_MAX_LENGTH, len(content)),
        )
    try:
        size = len(content.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        raise _not_storable() from None
    if "\0" in content:
        raise _not_storable()
    if size > CONTENT_MAX_BYTES:
        raise ValidationError(
            _("A message can have at most %(limit)s bytes; this one has %(length)s."),
            code="too_long",
            params=_grouped(CONTENT_MAX_BYTES, size),
        )
    return content


def _grouped(limit: int, length: int) -> dict[str, str]:
    return {
        "limit": number_format(limit, force_grouping=True),
        "length": number_format(length, force_grouping=True),
    }


def _not_storable() -> ValidationError:
    return ValidationError(
        _("The message has a character that cannot be kept. Remove it and send again."),
        code="not_storable",
    )


def _shows(character: str) -> bool:
    # Blank space, control characters and the invisible marks of formatting show nothing.
    return not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}


def send_message(
    *,
    sender: User,
    receiver: User,
    content: str,
    client_key: UUID | None = None,
    parent: Message | None = None,
) -> Message:
    """Send a message, as a reply when `parent` is given. The same `client_key` again gives the
    same message.

    The receiver is told by `signals.create_message_notification`.

    Raises:
        MessageConflict: `client_key` was used before for another text, receiver or parent.
        ValidationError: the text is empty or too long, `parent` lies in another conversation,
            or it or one of the two accounts has just been deleted.
    """
    content = clean_content(content)
    try:
        return _send(sender, receiver, content, client_key or uuid4(), parent)
    except (IntegrityError, Conversation.DoesNotExist):
        # Foreign keys are checked at commit, when people and what they answer may be gone.
        _refuse_what_is_gone({sender.pk, receiver.pk}, parent)
        raise


def _refuse_what_is_gone(people: set[int], parent: Message | None) -> None:
    if get_user_model().objects.filter(pk__in=people).count() < len(people):
        raise ValidationError(_("This account no longer exists."), code="gone") from None
    if parent is not None and not Message.objects.filter(pk=parent.pk).exists():
        raise ValidationError(
            _("The message that this answers has just been deleted."), code="parent_gone"
        ) from None


@one_transaction
def _send(
    sender: User, receiver: User, content: str, client_key: UUID, parent: Message | None
) -> Message:
    message = Message(
        sender=sender,
        receiver=receiver,
        content=content,
        client_key=client_key,
        parent_message=parent,
    )
    try:
        message.save()  # by itself a savepoint, so that the transaction can go on
    except IntegrityError:
        # message_sent_once decides, not a look beforehand: two processes may send at once.
        sent = Message.objects.sent_as(sender, client_key)
        if sent is None:
            raise
        if (
            _first_content(sent) != content
            or sent.receiver_id != message.receiver_id
            or sent.parent_message_id != message.parent_message_id
        ):
            raise MessageConflict(sent) from None
        return sent
    return message


def _first_content(message: Message) -> str:
    earlier = message.history.order_by("id").first()
    return earlier.old_content if earlier else message.content


def notify_receiver(message: Message) -> None:
    """Notify the receiver of a new message. Called by `signals.create_message_notification`."""
    Notification.objects.create(
        user_id=message.receiver_id,
        message=message,
        kind=Notification.Kind.REPLY if message.parent_message_id else Notification.Kind.MESSAGE,
        read=message.read,
        created_at=message.timestamp,
    )


@one_transaction
def edit_message(
    *, message: Message, editor: User, content: str, text_version: int | None
) -> Message:
    """The message with its new text.

    `text_version` is the `Message.text_version` that `editor` started from. The same text is no
    edit. `signals.log_message_edit` keeps the old text.

    Raises:
        Message.DoesNotExist: the message was deleted, or is not `editor`'s own.
        MessageConflict: the text was edited since.
        ValidationError: the text is empty or too long.
    """
    content = clean_content(content)
    # The conversation's lock is enough: every edit takes it first. Locking the message itself
    # here, before the mailboxes, would be the wrong order.
    lock(Conversation.objects.filter(pk=message.conversation_id))
    current = Message.objects.get(pk=message.pk, sender=editor, deleted_at=None)
    if current.content == content:
        return current
    if (text_version or 0) != (current.text_version or 0):
        raise MessageConflict(current)
    current.content = content
    current.save(update_fields=["content"])
    return current


def keep_previous_content(message: Message) -> None:
    """Put the stored text of `message`, about to be overwritten, into its history.

    Raises:
        Message.DoesNotExist: the message was deleted; saving it would bring the text back.
    """
    stored = (
        Message.objects.select_for_update(no_key=True)
        .only("content", "edited", "text_version")
        .get(pk=message.pk, deleted_at=None)
    )
    if stored.content == message.content:
        message.edited, message.text_version = stored.edited, stored.text_version
        return
    MessageHistory.objects.create(
        message=message, old_content=stored.content, edited_by_id=message.sender_id
    )
    message.edited = True
    message.text_version = (stored.text_version or 0) + 1
