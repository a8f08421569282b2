"""Sending a message, and editing it later."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from messaging.models import (
    CONTENT_MAX_BYTES,
    CONTENT_MAX_LENGTH,
    Conversation,
    Draft,
    Message,
    MessageHistory,
    Notification,
)
from messaging.people import may_write_to
from messaging.services.transactions import lock, one_transaction
from messaging.text import shows_something

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class MessageConflict(Exception):
    """A repeated send with another text, or an edit of a text that has changed meanwhile."""

    def __init__(self, message: Message) -> None:
        super().__init__(f"message {message.pk} says something else")
        self.message = message


class CleanContent(str):
    """A text that `clean_content` has checked, so that a form and a service check it once."""

    __slots__ = ()


def clean_content(content: str) -> CleanContent:
    """`content` as it is stored: "\\n" ends its lines, and no blank lines stand around it.

    Raises:
        ValidationError: the text is empty, too long, or holds a character that cannot be stored
            (code "empty", "too_long", "not_storable").
    """
    if isinstance(content, CleanContent):
        return content
    content = content.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    if not shows_something(content):
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
    return CleanContent(content)


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


def send_message(
    *,
    sender: User,
    content: str,
    receiver: User | None = None,
    conversation: Conversation | None = None,
    parent: Message | None = None,
    client_key: UUID | None = None,
    draft_version: UUID | None = None,
) -> Message:
    """The message that `sender` wrote, saved and delivered. Its draft goes in the same transaction.

    It goes to `receiver`, or to the other person of `conversation`, or, as a reply, to the other
    person of the conversation of `parent`: one of the three is enough. The same `client_key` again
    gives the same message, so that a request that is repeated sends nothing twice. `draft_version`
    is the version of the draft that was sent: a draft that another window holds stays.

    `Message.save` takes the locks, in the order that `transactions` names, and numbers the change.
    `signals.create_message_notification` notifies the receiver.

    Raises:
        MessageConflict: `client_key` was used before for another text, receiver or parent.
        ValidationError: the text is empty or too long (code "empty", "too_long", "not_storable"),
            `sender` may not write to the receiver ("self", "closed"), `parent` lies in another
            conversation ("elsewhere"), or an account or `parent` has just been deleted ("gone",
            "parent_gone").
        Conversation.DoesNotExist: the other person of `conversation` has just been deleted.
    """
    content = clean_content(content)
    receiver = receiver or _other_person(sender, conversation, parent)
    if receiver.pk == sender.pk:
        raise ValidationError(_("Nobody can write to themselves."), code="self")
    if not may_write_to(sender, receiver) and not _was_sent(sender, client_key):
        raise ValidationError(_("This account takes no messages any more."), code="closed")
    message = Message(
        sender=sender,
        receiver=receiver,
        content=content,
        client_key=client_key or uuid4(),
        parent_message=parent,
    )
    try:
        return _saved_once(message, draft_version)
    except (IntegrityError, Conversation.DoesNotExist):
        # Foreign keys are checked at commit: people and the parent may be gone by then.
        if get_user_model().objects.filter(pk__in=(sender.pk, receiver.pk)).count() < 2:
            raise ValidationError(_("This account no longer exists."), code="gone") from None
        if parent is not None and not Message.objects.filter(pk=parent.pk).exists():
            raise ValidationError(
                _("The message that this answers has just been deleted."), code="parent_gone"
            ) from None
        raise


def _was_sent(sender: User, client_key: UUID | None) -> bool:
    """Whether a repeated request sent its message already, before its receiver was deactivated."""
    return client_key is not None and Message.objects.sent_as(sender, client_key) is not None


def _other_person(sender: User, conversation: Conversation | None, parent: Message | None) -> User:
    """The person who talks with `sender` in `conversation`, or in the conversation of `parent`."""
    if parent is not None:
        return parent.receiver if parent.sender_id == sender.pk else parent.sender
    if conversation is None:
        raise TypeError("send_message() needs a receiver, a conversation or a parent.")
    other = conversation.people.get(conversation.other_pk(sender.pk))
    if other is None:
        raise Conversation.DoesNotExist(f"Nobody else is in conversation {conversation.pk}.")
    return other


@one_transaction
def _saved_once(message: Message, draft_version: UUID | None) -> Message:
    """`message`, or the one that its sender already sent under the same client key."""
    try:
        message.save()  # in a savepoint of its own, so that the transaction can go on
    except IntegrityError:
        # message_sent_once decides, not a look beforehand: two processes may send at once.
        sent = Message.objects.sent_as(message.sender, message.client_key)
        if sent is None:
            raise
        if (
            _first_content(sent) != message.content
            or sent.receiver_id != message.receiver_id
            or sent.parent_message_id != message.parent_message_id
        ):
            raise MessageConflict(sent) from None
        return sent
    _take_draft_along(message, draft_version)
    return message


def _take_draft_along(message: Message, version: UUID | None) -> None:
    """Delete the draft that has become `message`: of that version, or with the same text."""
    drafts = Draft.objects.filter(
        author=message.sender_id,
        conversation=message.conversation_id,
        message=message.parent_message_id,
    )
    drafts.filter(Q(version=version) | Q(content=message.content)).delete()


def _first_content(message: Message) -> str:
    earlier = message.history.order_by("id").first()
    return earlier.old_content if earlier else message.content


def notify_receiver(message: Message) -> None:
    """Notify the receiver of a new message. Called by `signals.create_message_notification`."""
    parent = message.parent_message
    is_reply = parent is not None and parent.sender_id == message.receiver_id
    Notification.objects.create(
        user_id=message.receiver_id,
        message=message,
        kind=Notification.Kind.REPLY if is_reply else Notification.Kind.MESSAGE,
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
    current: Message = Message.objects.get(pk=message.pk, sender=editor, deleted_at=None)
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
