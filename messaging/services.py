"""Every change to the domain: one verb, one transaction.

Locks are taken in this order only: conversations by id, mailboxes by user id, then participants,
messages and notifications, which nobody touches without the mailbox of one of their people. In
another order PostgreSQL finds deadlocks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.models import (
    CONTENT_MAX_BYTES,
    CONTENT_MAX_LENGTH,
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.managers import ConversationQuerySet, MessageQuerySet


class MessageConflict(Exception):
    """A repeated send with another text, or an edit of a text that has changed meanwhile."""

    def __init__(self, message: Message) -> None:
        super().__init__(f"message {message.pk} says something else")
        self.message = message


def one_transaction(service):
    """One transaction for `service`, tried a second time after a deadlock.

    PostgreSQL ends one of two transactions that wait for each other; the other is through by
    the time the first starts again.
    """

    @wraps(service)
    def retried(*args: Any, **kwargs: Any) -> Any:
        outermost = not transaction.get_connection().in_atomic_block
        try:
            with transaction.atomic():
                return service(*args, **kwargs)
        except OperationalError as error:
            if not outermost or "deadlock" not in str(error):
                raise
        with transaction.atomic():
            return service(*args, **kwargs)

    return retried


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
            _("A message can have %(limit)s characters; this one has %(length)s."),
            code="too_long",
            params={"limit": CONTENT_MAX_LENGTH, "length": len(content)},
        )
    try:
        size = len(content.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        raise _not_storable() from None
    if "\0" in content:
        raise _not_storable()
    if size > CONTENT_MAX_BYTES:
        raise ValidationError(
            _("A message can have %(limit)s bytes; this one has %(length)s."),
            code="too_long",
            params={"limit": CONTENT_MAX_BYTES, "length": size},
        )
    return content


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
        with transaction.atomic():
            message.save()
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
    """What follows a new message: its notification, and the conversation moves to the top."""
    Notification.objects.create(
        user_id=message.receiver_id,
        message=message,
        kind=Notification.Kind.REPLY if message.parent_message_id else Notification.Kind.MESSAGE,
        read=message.read,
        created_at=message.timestamp,
    )
    Conversation.objects.filter(pk=message.conversation_id).update(last_message=message)
    Participant.objects.filter(conversation=message.conversation_id).update(
        last_activity=message.timestamp
    )


@one_transaction
def edit_message(*, message: Message, editor: User, content: str, version: int) -> Message:
    """The message with its new text. `version` is the `changed_in` that `editor` started from.

    The old text is kept by `signals.log_message_edit`. The same text is no edit.

    Raises:
        Message.DoesNotExist: it was deleted, or is not `editor`'s own.
        MessageConflict: it was edited meanwhile.
        ValidationError: the text is empty or too long.
    """
    content = clean_content(content)
    # The conversation's lock is enough: every edit takes it first. Locking the message itself
    # here, before the mailboxes, would be the wrong order.
    _lock(Conversation.objects.filter(pk=message.conversation_id))
    current = Message.objects.get(pk=message.pk, sender=editor, deleted_at=None)
    if current.content == content:
        return current
    if current.changed_in != version:
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
        .only("content", "edited")
        .get(pk=message.pk, deleted_at=None)
    )
    if stored.content == message.content:
        message.edited = stored.edited
        return
    MessageHistory.objects.create(
        message=message, old_content=stored.content, edited_by_id=message.sender_id
    )
    message.edited = True


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
    for conversations in _in_chunks(sorted({conversation for _pk, conversation in found})):
        Participant.objects.filter(user=reader, conversation__in=conversations).update(
            version=F("version") + 1
        )
    changed = 0
    for pks in _in_chunks([pk for pk, _conversation in found]):
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
    _lock(Conversation.objects.filter(pk__in=chosen.values("conversation_id")))
    # Looked for again, now that nobody else can delete them.
    found = list(chosen.values_list("pk", "conversation_id", "thread_id"))
    if not found:
        return 0
    conversations = sorted({conversation for _pk, conversation, _thread in found})
    versions = {pk: Conversation.objects.next_version(pk) for pk in conversations}
    Mailbox.objects.raise_versions(_people_in(conversations))
    for conversation, version in versions.items():
        pks = [pk for pk, its_conversation, _thread in found if its_conversation == conversation]
        for some in _in_chunks(pks):
            _empty(some, version)
    gone = _prune({thread or pk for pk, _conversation, thread in found})
    _repoint_last_messages(gone)
    return len(found)


def _people_in(conversations: list[int]) -> set[int]:
    people: set[int] = set()
    for some in _in_chunks(conversations):
        members = Participant.objects.filter(conversation__in=some)
        people.update(members.values_list("user_id", flat=True))
    return people


def _empty(pks: list[int], version: int) -> None:
    MessageHistory.objects.filter(message__in=pks).delete()
    Notification.objects.filter(message__in=pks).delete()
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
    for pks in _in_chunks(sorted(threads)):
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
    for pks in _in_chunks(gone):
        # The messages that point here go in the same transaction; the check waits for its end.
        Message.objects.filter(pk__in=pks).erase()
    return gone


def _repoint_last_messages(gone: list[int]) -> None:
    for pks in _in_chunks(gone):
        for conversation in Conversation.objects.filter(last_message__in=pks):
            conversation.last_message_id = conversation.messages.aggregate(last=Max("pk"))["last"]
            conversation.save(update_fields=["last_message"])


def open_mailbox(user: User) -> None:
    """Give a new person what their pages depend on."""
    Mailbox.objects.get_or_create(user=user)


@one_transaction
def refresh_conversations_of(user_pk: int) -> None:
    """Let no page that was made before show this person's old name."""
    conversations = _conversations_of(user_pk)
    _lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    for some in _in_chunks(pks):
        Conversation.objects.filter(pk__in=some).update(version=F("version") + 1)
    Mailbox.objects.raise_versions({user_pk, *_people_in(pks)})


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
                locked = _lock(_conversations_of(user_pk))
                Mailbox.objects.raise_versions({user_pk, *_people_in(sorted(locked))})
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

    By sets, so that neither the number of messages nor the depth of a thread matters. Called by
    `signals.cleanup_user_data`.
    """
    conversations = _conversations_of(user_pk)
    _lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    # This person's own mailbox as well: they may be reading in another window.
    Mailbox.objects.raise_versions({user_pk, *_people_in(pks)})
    for some in _in_chunks(pks):
        messages = Message.objects.filter(conversation__in=some)
        MessageHistory.objects.filter(message__in=messages.values("pk")).delete()
        Notification.objects.filter(message__in=messages.values("pk")).delete()
        Conversation.objects.filter(pk__in=some).update(last_message=None)
        messages.erase()
        Participant.objects.filter(conversation__in=some).delete()
        Conversation.objects.filter(pk__in=some).delete()
    Mailbox.objects.filter(pk=user_pk).delete()


def _lock(rows: models.QuerySet) -> set[int]:
    """Lock `rows` by ascending id until the transaction ends. Returns their ids, if it had to."""
    # SQLite has one writer at a time: whoever is here holds the lock already.
    if not transaction.get_connection().features.has_select_for_update:
        return set()
    locked = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    return set(locked.values_list("pk", flat=True))


def _in_chunks(pks: list[int], size: int = 1000) -> Iterable[list[int]]:
    """`pks`, a thousand at a time: databases limit the parameters of one statement."""
    return (pks[start : start + size] for start in range(0, len(pks), size))
