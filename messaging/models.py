"""The tables of the domain. `docs/architecture.md` says why each of them is there."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from messaging import rendering
from messaging.events import Audience
from messaging.folded_names import FoldedNames  # noqa: F401  (a table)
from messaging.mailboxes import Mailbox
from messaging.managers import (
    ACTIVITY,
    ConversationQuerySet,
    MessageManager,
    NotificationManager,
    ParticipantQuerySet,
    UnreadMessagesManager,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

    from messaging.managers import MessageQuerySet

CONTENT_MAX_LENGTH = 20_000  # characters
CONTENT_MAX_BYTES = 64 * 1024  # as UTF-8

# Foreign keys to people and messages do nothing on delete. The database checks them at commit, and
# services delete by sets: Django's cascade along replies raises RecursionError a few hundred levels
# down, and SQLite's own cascade stops at 1,000.
DO_NOTHING = models.DO_NOTHING

# Who wrote to whom, and what a message answers: set when it is created, and never changed.
PLACE_FIELDS = ("sender", "receiver", "parent_message", "thread", "conversation")

# What one person sees: whether they have read the message. All other fields everybody sees.
READ_FIELDS = frozenset({"read", "read_at"})

# What follows from the text, the number of the change, and what follows from the replies: save() sets
# these fields itself.
TEXT_FIELDS = frozenset({"content", "content_html", "html_version", "edited", "text_version"})
DERIVED_FIELDS = (TEXT_FIELDS | {"changed_in", "newest_reply"}) - {"content"}


class Conversation(models.Model):
    """The messages that two people write to each other."""

    # "low:high" of the two user ids, unique: two people who write to each other at the same moment
    # get one conversation.
    pair_key = models.CharField(max_length=41, unique=True, editable=False)
    # Rises with every change that both people see. Read marks raise Participant.version.
    version = models.PositiveBigIntegerField(default=0, editable=False)
    last_message = models.ForeignKey(
        "Message", DO_NOTHING, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Annotated by `visible_to`.
    reader_version: int
    by_activity: bool

    objects = ConversationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"conversation {self.pk}"

    @classmethod
    def between(cls, one_pk: int, other_pk: int) -> Conversation:
        """The conversation of two people (ids). See `ConversationQuerySet.between`."""
        if one_pk == other_pk:
            raise ValidationError(_("Nobody can write to themselves."), code="self")
        low, high = sorted((one_pk, other_pk))
        with transaction.atomic():
            conversation, created = cls.objects.get_or_create(pair_key=f"{low}:{high}")
            if created:
                Participant.objects.bulk_create(
                    Participant(conversation=conversation, user_id=pk) for pk in (low, high)
                )
        return conversation

    @property
    def people_pks(self) -> tuple[int, int]:
        low, high = self.pair_key.split(":")
        return int(low), int(high)

    def other_pk(self, user_pk: int) -> int:
        """The id of the person that `user_pk` talks with in this conversation."""
        return other_in_pair(self.pair_key, user_pk)

    @cached_property
    def people(self) -> dict[int, User]:
        """The two people, by id: one query at the first use."""
        return get_user_model().objects.in_bulk(self.people_pks)


def other_in_pair(pair_key: str, user_pk: int) -> int:
    """The id of the person in `pair_key` who is not `user_pk`."""
    low, high = pair_key.split(":")
    return int(high) if user_pk == int(low) else int(low)


class Participant(models.Model):
    """A person who takes part in a conversation, and their view of it."""

    conversation = models.ForeignKey(Conversation, DO_NOTHING, related_name="participants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, DO_NOTHING, related_name="participations", db_index=False
    )
    last_activity = models.DateTimeField(default=timezone.now)
    # Rises with every read mark of this person. Not part of Conversation.version: the pages of the
    # other person must not change, or tell, when a message is read.
    version = models.PositiveBigIntegerField(default=0, editable=False)
    # Whether this person reads the conversation in the order of its latest replies.
    by_activity = models.BooleanField(default=False)
    # A task that mails this person about this conversation waits in the queue.
    mail_pending = models.BooleanField(default=False, editable=False)
    # The id of the newest message that a mail to this person was about.
    mailed_up_to = models.PositiveBigIntegerField(default=0, editable=False)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("conversation", "user", name="participant_joins_once")
        ]
        indexes = [models.Index("user", F("last_activity").desc(), name="participant_by_activity")]

    def __str__(self) -> str:
        return f"user {self.user_id} in conversation {self.conversation_id}"


class Message(models.Model):
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        DO_NOTHING,
        related_name="sent_messages",
        db_index=False,  # message_sent_once begins with it
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        DO_NOTHING,
        related_name="received_messages",
        db_index=False,  # message_unread begins with it
    )
    content = models.TextField(_("message"), max_length=CONTENT_MAX_LENGTH)
    # The HTML of `content`, rendered once by save(). Read it as `body`.
    content_html = models.TextField(editable=False, default="")
    html_version = models.PositiveSmallIntegerField(editable=False, default=0)
    timestamp = models.DateTimeField(default=timezone.now)
    edited = models.BooleanField(default=False)
    read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    # The message that this one answers. It never changes.
    parent_message = models.ForeignKey(
        "self", DO_NOTHING, null=True, blank=True, related_name="replies", db_index=False
    )
    # The root of the thread that this reply belongs to; null on a root.
    thread = models.ForeignKey(
        "self",
        DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="thread_messages",
        db_index=False,
    )
    # On the root of a thread: the id of its newest reply; null without replies. No foreign key: it
    # orders the roots, and leads nowhere.
    newest_reply = models.PositiveBigIntegerField(null=True, editable=False)
    conversation = models.ForeignKey(
        Conversation,
        DO_NOTHING,
        blank=True,
        editable=False,
        related_name="messages",
        db_index=False,
    )
    # Chosen before the message is sent: a request that is repeated sends one message.
    client_key = models.UUIDField(default=uuid.uuid4, editable=False)
    # How often the text was edited; null: never. An edit names the text that it starts from.
    text_version = models.PositiveIntegerField(null=True, editable=False)
    # The version of the conversation in which this last changed for everybody who sees it.
    changed_in = models.PositiveBigIntegerField(default=0, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Annotated by `search_messages`.
    found: int
    # Annotated by `for_display`.
    parent_sender_id: int | None
    # Annotated by `with_replies`.
    reply_count: int
    first_reply: int
    last_reply: int
    # Annotated by `with_order`.
    by_activity: bool
    # Annotated by `with_activity`.
    activity: int
    active_at: datetime

    objects = MessageManager()
    unread = UnreadMessagesManager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint("sender", "client_key", name="message_sent_once"),
            models.CheckConstraint(
                condition=Q(parent_message=None, thread=None)
                | Q(parent_message__isnull=False, thread__isnull=False),
                name="message_reply_has_thread",
            ),
            models.CheckConstraint(
                condition=~Q(sender=F("receiver")), name="message_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=~Q(content="") | Q(deleted_at__isnull=False), name="message_not_empty"
            ),
        ]
        # No plain index on parent_message: after ANALYZE, SQLite would find "IS NULL" by it and
        # sort all roots of the table.
        indexes = [
            models.Index("conversation", "changed_in", name="message_by_change"),
            models.Index(
                "conversation",
                F("id").desc(),
                condition=Q(parent_message__isnull=True),
                name="message_roots",
            ),
            models.Index(
                "conversation",
                ACTIVITY.desc(),
                condition=Q(parent_message__isnull=True),
                name="message_roots_by_activity",
            ),
            models.Index(
                "parent_message",
                "id",
                condition=Q(parent_message__isnull=False),
                name="message_replies",
            ),
            models.Index(
                "thread", "id", condition=Q(thread__isnull=False), name="message_by_thread"
            ),
            # Not partial indexes of unread messages: SQLite estimates by the average person, and
            # chose the wrong index for a person with many unread messages.
            models.Index("receiver", "read", F("id").desc(), name="message_unread"),
            models.Index(
                "receiver", "read", "conversation", "thread", name="message_unread_by_thread"
            ),
        ]

    def __str__(self) -> str:
        # Never the text: logs, errors and the admin show this.
        return f"message {self.pk}"

    @transaction.atomic
    def save(
        self,
        *args: Any,
        update_fields: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Save the message and raise the versions that the saved fields belong to.

        Without `update_fields`, the fields that differ from the stored row are saved. If none
        does, nothing happens. A new message finds its conversation and its thread here, so that
        `Message.objects.create(sender=…, receiver=…, content=…)` is complete. The receivers in
        `signals` run in the same transaction.

        Raises:
            Message.DoesNotExist: the message was deleted meanwhile.
            ValidationError: the parent lies in another conversation, the sender is the receiver,
                or the place of an existing message was changed.
        """
        adding = self._state.adding
        fields = self._fields_to_save(update_fields)
        if adding:
            self._find_place()
        elif not fields:
            return
        elif any(name.removesuffix("_id") in PLACE_FIELDS for name in fields):
            self._keep_place()
        self._raise_versions(fields)
        if fields is None or "content" in fields:
            self.content_html = rendering.render_content(self.content) if self.content else ""
            self.html_version = rendering.HTML_VERSION
        super().save(*args, update_fields=fields, **kwargs)
        if adding:
            self._move_conversation_up()

    @property
    def body(self) -> SafeString:
        """The text as safe HTML; empty if the message was deleted."""
        if self.deleted_at is not None:
            return SafeString()
        if self.html_version == rendering.HTML_VERSION:
            return rendering.as_rendered(self.content_html)
        return rendering.render_content(self.content)

    @property
    def root_pk(self) -> int:
        """The id of the root of this message's thread; its own id if it answers nothing."""
        return self.thread_id or self.pk

    def _find_place(self) -> None:
        if self.parent_message is not None:
            if self.conversation_id is None:
                self.conversation_id = self.parent_message.conversation_id
            people = {self.parent_message.sender_id, self.parent_message.receiver_id}
            if (
                self.conversation_id != self.parent_message.conversation_id
                or {self.sender_id, self.receiver_id} != people
            ):
                raise ValidationError(
                    _("The message that this answers lies in another conversation."),
                    code="elsewhere",
                )
            self.thread_id = self.parent_message.root_pk
        else:
            self.conversation = Conversation.between(self.sender_id, self.receiver_id)

    def _keep_place(self) -> None:
        # A reply below itself, or in another conversation, would break every thread through it, and
        # people would see a message that was not written to them.
        stored = Message.objects.filter(pk=self.pk).values(*PLACE_FIELDS).first() or {}
        here = {name: self.__dict__.get(f"{name}_id", pk) for name, pk in stored.items()}
        if here != stored:
            raise ValidationError(
                _("What a message answers, and who wrote it to whom, never changes."), code="moved"
            )

    def _fields_to_save(self, update_fields: Iterable[str] | None) -> Collection[str] | None:
        """The names of the fields to save, with those that follow from them; None: all fields."""
        if update_fields is None:
            if self._state.adding:
                return None
            update_fields = self._changed_fields()
        fields = set(update_fields)
        if "content" in fields:
            fields |= TEXT_FIELDS
        if fields - READ_FIELDS:
            fields.add("changed_in")
        return fields

    def _changed_fields(self) -> set[str]:
        """The names of the loaded fields that differ from the stored row, without derived ones.

        Raises:
            Message.DoesNotExist: there is no stored row.
        """
        names = {field.attname: field.name for field in self._meta.concrete_fields}
        loaded = {attname for attname, name in names.items() if name not in DERIVED_FIELDS}
        loaded -= self.get_deferred_fields()
        stored = Message.objects.values(*loaded).get(pk=self.pk)
        return {names[attname] for attname in loaded if getattr(self, attname) != stored[attname]}

    def _raise_versions(self, fields: Collection[str] | None) -> None:
        if fields is not None and READ_FIELDS.issuperset(fields):
            # Only the reader sees a read mark. The sender's pages must not change, or tell.
            Mailbox.objects.raise_versions([self.receiver_id])
            reading = Participant.objects.filter(
                user=self.receiver_id, conversation=self.conversation_id
            )
            reading.update(version=F("version") + 1)
            return
        # Raising the version locks the conversation before the row gets its id. Afterwards would
        # be too late: ids have to follow commits.
        self.changed_in = Conversation.objects.next_version(self.conversation_id)
        Mailbox.objects.raise_versions(
            (self.sender_id, self.receiver_id),
            Audience(conversations=frozenset({self.conversation_id})),
        )

    def _move_conversation_up(self) -> None:
        if self.thread_id is not None:
            Message.objects.filter(pk=self.thread_id).update(newest_reply=self.pk)
        Conversation.objects.filter(pk=self.conversation_id).update(last_message=self)
        people = Participant.objects.filter(conversation=self.conversation_id)
        if not people.update(last_activity=self.timestamp):
            # One of the two was deleted, and the conversation is being deleted with them.
            raise ValidationError(_("This account no longer exists."), code="gone")

    def delete(
        self, using: str | None = None, keep_parents: bool = False
    ) -> tuple[int, dict[str, int]]:
        """Delete the text, and the row if no reply hangs below. See `MessageQuerySet.delete`."""
        rows: MessageQuerySet = type(self).objects.using(using).filter(pk=self.pk)
        return rows.delete()


class MessageHistory(models.Model):
    """A text that a message had before an edit."""

    message = models.ForeignKey(Message, DO_NOTHING, related_name="history")
    old_content = models.TextField()
    edited_at = models.DateTimeField(default=timezone.now)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, DO_NOTHING, related_name="+")

    class Meta:
        verbose_name_plural = "message histories"

    def __str__(self) -> str:
        return f"earlier text {self.pk} of message {self.message_id}"


class Draft(models.Model):
    """A text that its author has not sent yet. Nobody else sees it, or that it exists."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, DO_NOTHING, related_name="+", db_index=False
    )
    conversation = models.ForeignKey(Conversation, DO_NOTHING, related_name="+", db_index=False)
    # What it answers; None: it is to begin a thread.
    message = models.ForeignKey(Message, DO_NOTHING, related_name="+", null=True, blank=True)
    content = models.TextField()
    # Another one with each change: a window saves only over the version that it has shown.
    version = models.UUIDField(default=uuid.uuid4)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "author", "conversation", condition=Q(message=None), name="draft_of_conversation"
            ),
            models.UniqueConstraint("author", "message", name="draft_of_reply"),
        ]
        indexes = [
            models.Index("conversation", "author", F("changed_at").desc(), name="draft_newest"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Notification(models.Model):
    """Tells a person about a message. It holds no text: the message has the only copy."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("message")
        REPLY = "reply", _("reply")  # to what the person wrote: the bell shows these

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, DO_NOTHING, related_name="notifications", db_index=False
    )
    message = models.ForeignKey(Message, DO_NOTHING, related_name="notifications")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.MESSAGE)
    read = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = NotificationManager()

    class Meta:
        constraints = [models.UniqueConstraint("user", "message", name="notification_told_once")]
        indexes = [
            models.Index("user", "kind", F("id").desc(), name="notification_newest"),
            models.Index("user", "kind", "read", name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk}"
