"""Querysets and managers: the reads of the domain, and the only place that joins its tables."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import (
    BigIntegerField,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils.functional import cached_property
from django_cte import CTE, with_cte

from common.compiled_queries import CompiledQuery
from messaging import unread
from messaging.deleted_accounts import message_not_being_deleted, not_being_deleted

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Some are named in strings only, where the linter does not see them.
    from messaging.models import Conversation, Message, Notification, Participant  # noqa: F401

# The columns of a message that the inbox shows. A column that is missing here costs a query a row.
INBOX_COLUMNS = (
    *("content_html", "html_version", "timestamp", "edited", "deleted_at", *unread.COLUMNS),
    *("conversation_id", "thread_id", "parent_message_id", "thread__content"),
    *("sender_id", "sender__username", "sender__first_name", "sender__is_active"),
)

# The columns that place a message in its thread and count it, before it is loaded.
TREE_COLUMNS = ("id", "parent_message_id", *unread.COLUMNS)

# Added to the ids that a recursive query found, so that SQLite looks each of them up in the table.
# Otherwise, to get the rows in order, it may read the whole table and look up each row among the ids.
NOTHING = Value(0)


# Where a root stands in the order of latest activity: the id of the newest message of its thread.
ACTIVITY = Coalesce("newest_reply", "id", output_field=BigIntegerField())


class UnreadThread(NamedTuple):
    """A thread that holds unread replies."""

    first_pk: int  # of the oldest unread reply
    number: int  # of unread replies
    beginning: str  # 500 characters of the message that begins the thread; empty if deleted


# `people.display_name` in SQL, for the user that a row points to.
DISPLAY_NAME = Coalesce(NullIf("user__first_name", Value("")), "user__username")


class _CountOf(Subquery):
    """The number of rows of a subquery, which may have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User | int) -> Self:
        """The conversations that `user` takes part in.

        Each has `reader_version`, the version of the user's read marks in it, and `by_activity`, the
        order in which the user reads it. They come from the row of the participant, the same that
        makes the conversation visible.
        """
        # A person takes part once (participant_joins_once), so the join repeats no row.
        return self.filter(participants__user=user).annotate(
            reader_version=F("participants__version"),
            by_activity=F("participants__by_activity"),
        )

    def with_participant(self, user: User | int) -> Self:
        """The conversations that `user` takes part in, without `reader_version`."""
        return self.filter(participants__user=user)

    def ending_with(self, user: User | int) -> Self:
        """The conversations that end when `user` leaves: at most one other person takes part."""
        # Counted before the join that finds `user`, which would leave one row to count.
        return self.alias(people=Count("participants")).filter(
            participants__user=user, people__lte=2
        )

    def between(self, one: User, other: User) -> Conversation:
        """The conversation of two people, created if they have none.

        Raises:
            ValidationError: `one` and `other` are the same person.
        """
        return self.model.between(one.pk, other.pk)

    def next_version(self, pk: int) -> int:
        """Raise the version of a conversation (id) and return it.

        The row stays locked until the transaction ends, so changes are committed in the order of
        their versions.

        Raises:
            Conversation.DoesNotExist: there is no such conversation.
        """
        if not self.filter(pk=pk).update(version=F("version") + 1):
            raise self.model.DoesNotExist(f"There is no conversation {pk}.")
        ((version,),) = _VERSION.rows(pk)
        return version


def _version(pk: int) -> models.QuerySet[Any, tuple[int]]:
    # From the registry: the models import this module.
    conversations = apps.get_model("messaging.Conversation").objects
    return conversations.filter(pk=pk).values_list("version")


_VERSION = CompiledQuery(_version)


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def for_list(self, user: User | int) -> models.QuerySet[Participant, Any]:
        """The conversations of `user` as dictionaries, latest activity first: one query.

        Each has `conversation_id`, `last_activity`, `pair_key`, the `other_name` of the other
        person, and of the last message the `sender_id`, the `beginning` of its text (500
        characters; None without a message, empty if it was deleted) and the `thread_beginning`,
        that of the root of its thread (None if it begins one). Of what `user` last wrote there and
        has not sent, `draft` is the beginning and `draft_answers` the id of the message that it
        answers (None without a draft, or if it answers nothing). Five model objects for each of
        thirty rows would take longer than the query.
        """
        others = self.model._base_manager.filter(conversation=OuterRef("conversation")).exclude(
            user=user
        )
        drafts = apps.get_model("messaging.Draft")._base_manager.filter(
            author=user, conversation=OuterRef("conversation")
        )
        newest = drafts.order_by("-changed_at")
        return (
            self.filter(user=user)
            .order_by("-last_activity", "-id")
            .values(
                "conversation_id",
                "last_activity",
                pair_key=F("conversation__pair_key"),
                other_name=Subquery(others.annotate(name=DISPLAY_NAME).values("name")[:1]),
                sender_id=F("conversation__last_message__sender_id"),
                beginning=Left("conversation__last_message__content", 500),
                thread_beginning=Left("conversation__last_message__thread__content", 500),
                draft=Subquery(newest.values(beginning=Left("content", 200))[:1]),
                draft_answers=Subquery(newest.values("message_id")[:1]),
            )
        )

    def after(self, conversation_pk: int) -> Self:
        """The rows after that conversation (id) in the order of `for_list`."""
        last = self.filter(conversation=conversation_pk).values("last_activity", "id")[:1]
        activity = Subquery(last.values("last_activity"))
        return self.filter(
            Q(last_activity__lt=activity)
            | Q(last_activity=activity, id__lt=Subquery(last.values("id")))
        )


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User | int) -> Self:
        """Messages of the conversations that `user` takes part in: all that they may see."""
        return self.filter(conversation__participants__user=user)

    def with_order(self) -> Self:
        """Messages found by `visible_to`, each with `by_activity`, the order in which that person
        reads its conversation.
        """
        return self.annotate(by_activity=F("conversation__participants__by_activity"))

    def top_level(self) -> Self:
        """Messages that answer nothing: the roots that the page of a conversation lists."""
        return self.filter(parent_message=None)

    def newest(self, number: int) -> Self:
        """The newest `number` of these messages, newest first."""
        # Ids first, from an index of these messages alone. If it needs whole rows, PostgreSQL reads
        # the table from its end: 325 ms for a long conversation without recent messages.
        ids = self.order_by("-id").values("pk")[:number]
        newest: Self = self.model._default_manager.filter(pk__in=ids).order_by("-id")
        return newest

    def for_display(self) -> Self:
        """In the order they were sent, with everything that drawing a message reads: one query.

        Each has `parent_sender_id`, the author of the message that it answers, and `thread_began`,
        when the root of its thread was sent; both are None for a message that answers nothing.
        """
        # A subquery, not a join: PostgreSQL plans a join of one more table for longer than the
        # subquery takes.
        parents = self.model._base_manager.filter(pk=OuterRef("parent_message")).order_by()
        roots = self.model._base_manager.filter(pk=OuterRef("thread")).order_by()
        return (
            self.select_related("sender")
            .annotate(
                parent_sender_id=Subquery(parents.values("sender_id")),
                thread_began=Subquery(roots.values("timestamp")),
            )
            .order_by("id")
        )

    def unread_by(self, user: User | int) -> Self:
        """Messages that `user` received and has not read."""
        return self.filter(unread.unread_by(user))

    def with_replies(self, most: int) -> Self:
        """Root messages, each with the `reply_count` of its thread, counted up to `most`, and with
        the ids `first_reply` and `last_reply`.
        """
        replies = self.model._base_manager.filter(thread=OuterRef("pk")).order_by("id").values("id")
        return self.annotate(
            # The ends come from an index; the replies between them are not read.
            reply_count=_CountOf(replies.order_by()[:most]),
            first_reply=Subquery(replies[:1]),
            last_reply=Subquery(replies.order_by("-id")[:1]),
        )

    def with_activity(self) -> Self:
        """Root messages, each with its `activity`, the id of the newest message of its thread, and
        with `active_at`, when that one was sent.
        """
        newest = self.model._base_manager.filter(pk=OuterRef("activity")).order_by()
        return self.annotate(activity=ACTIVITY).annotate(
            active_at=Subquery(newest.values("timestamp"))
        )

    def store_newest_replies(self) -> None:
        """Give each of these root messages the `newest_reply` that its thread has now."""
        replies = self.model._base_manager.filter(thread=OuterRef("pk")).order_by("-id")
        self.update(newest_reply=Subquery(replies.values("pk")[:1]))

    store_newest_replies.alters_data = True  # type: ignore[attr-defined]

    def ancestors_of(self, message: Message) -> Self:
        """The messages above `message`: its parent, the parent of that one, up to the root.

        One recursive query. Each has its `distance`, which is 1 for the parent. Nearest first,
        unless the queryset has an order.
        """

        def climb(cte: CTE) -> models.QuerySet[Any, Any]:
            step = Value(1, output_field=IntegerField())
            return (
                self.model._base_manager.filter(pk=message.parent_message_id or 0)
                .values("id", "parent_message_id", distance=step)
                .union(
                    cte.join(self.model._base_manager.all(), id=cte.col.parent_message_id).values(
                        "id", "parent_message_id", distance=cte.col.distance + step
                    ),
                    all=True,
                )
            )

        cte = CTE.recursive(climb, name="above")
        # The nearest is the youngest: no message answers a younger one.
        rows = self if self.ordered else self.order_by("-id")
        found: Self = with_cte(
            cte, select=cte.join(rows, id=cte.col.id + NOTHING).annotate(distance=cte.col.distance)
        )
        return found

    def update(self, **values: Any) -> int:
        """As Django's, but not of `content`, which would change a text without its history.

        Raises:
            TypeError: `content` is among the values. `services.edit_message` edits a text.
        """
        if "content" in values:
            raise TypeError("Message.content is edited by save(), which keeps the old text.")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete these messages by `services.delete_messages`.

        Returns what Django's `delete` returns: how many messages lost their text, in all and by
        model.
        """
        # Late: services import the models, which import this module.
        from messaging.services import delete_messages

        deleted = delete_messages(self)
        return deleted, {self.model._meta.label: deleted}

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def delete_rows(self) -> int:
        """Delete these rows in one statement, whatever hangs below them. Returns how many went."""
        return super().delete()[0]

    delete_rows.alters_data = True  # type: ignore[attr-defined]
    delete_rows.queryset_only = True  # type: ignore[attr-defined]


class MessageManager(models.Manager.from_queryset(MessageQuerySet)):  # type: ignore[misc]
    def sent_as(self, sender: User, client_key: UUID) -> Message | None:
        """The message that `sender` sent under `client_key` before, or None."""
        found: Message | None = self.filter(sender=sender, client_key=client_key).first()
        return found

    def tree_below(
        self, first: models.QuerySet[Message, Any], levels: int | None = None
    ) -> models.QuerySet[Any, tuple[Any, ...]]:
        """The `TREE_COLUMNS` of the messages `first` and of everything below them, as tuples.

        One recursive query, whose cost follows the number of replies and not the size of the
        conversation. With `levels`, only so many levels below `first`, and each tuple ends with its
        level, which is 0 for `first`.
        """
        # All columns travel through the recursion. If a join outside fetched them, PostgreSQL would
        # expect far more rows than there are, and read the whole table.

        def grow(cte: CTE) -> models.QuerySet[Any, Any]:
            below = cte.join(self.model._base_manager.all(), parent_message=cte.col.id)
            if levels is None:
                return (
                    first.order_by()
                    .values_list(*TREE_COLUMNS)
                    .union(below.values_list(*TREE_COLUMNS), all=True)
                )
            number = IntegerField()
            deeper = ExpressionWrapper(cte.col.level + Value(1), output_field=number)
            below = below.annotate(level=deeper).filter(level__lte=levels)
            top = first.order_by().annotate(level=Value(0, output_field=number))
            top = top.values_list(*TREE_COLUMNS, "level")
            return top.union(below.values_list(*TREE_COLUMNS, "level"), all=True)

        cte = CTE.recursive(grow, name="below")
        found: models.QuerySet[Any, tuple[Any, ...]] = with_cte(cte, select=cte)
        return found


class UnreadMessagesManager(models.Manager.from_queryset(MessageQuerySet)):  # type: ignore[misc]
    """Messages that their receiver has not read."""

    def get_queryset(self) -> MessageQuerySet:
        return self._all().filter(not_being_deleted(), unread.UNREAD)

    def unread_for_user(self, user: User) -> MessageQuerySet:
        """Unread messages to `user`, newest first, with only the columns that the inbox shows."""
        return (
            self._all()
            .unread_by(user)
            .select_related("sender", "thread")
            .only(*INBOX_COLUMNS)
            .order_by("-id")
        )

    def in_conversation(self, conversation: Conversation | int, user: User) -> MessageQuerySet:
        """Messages of one conversation that `user` has not read, in no order."""
        return self._all().unread_by(user).filter(conversation=conversation).order_by()

    def counts(self, user: User) -> dict[int, int]:
        """How many messages `user` has not read, by conversation id. Their sum is the badge."""
        return dict(self._counts.rows(user.pk))

    def counts_by_thread(
        self, conversation: Conversation, user: User, threads: Collection[int]
    ) -> dict[int, int]:
        """How many replies `user` has not read, by the id of the root of their thread."""
        if not threads:
            return {}
        found = self.in_conversation(conversation, user).filter(thread__in=threads)
        return dict(found.values("thread_id").annotate(n=Count("*")).values_list("thread_id", "n"))

    def first_pk(self, conversation: Conversation, user: User) -> int | None:
        """The id of the oldest message of a conversation that `user` has not read."""
        found = self.in_conversation(conversation, user).order_by("pk")
        return found.values_list("pk", flat=True).first()

    def newest_thread(self, conversation: Conversation, user: User) -> UnreadThread | None:
        """Of the threads with replies that `user` has not read, the one that was answered last."""
        found = self._newest_threads.rows(conversation.pk, user.pk)
        return UnreadThread(*found[0][1:4]) if found else None

    @cached_property
    def _newest_threads(self) -> CompiledQuery[tuple[Any, ...]]:
        return CompiledQuery(self._newest_thread)

    def _newest_thread(
        self, conversation_pk: int, user_pk: int
    ) -> models.QuerySet[Any, tuple[Any, ...]]:
        replies = self._all().unread_by(user_pk).filter(conversation=conversation_pk, thread__gt=0)
        threads = (
            replies.order_by()
            .values("thread_id")
            .annotate(first=Min("pk"), number=Count("*"), last=Max("pk"))
        )
        roots = self.model._base_manager.filter(pk=OuterRef("thread_id"))
        beginning = Subquery(roots.values(start=Left("content", 500)))
        return (
            threads.annotate(beginning=beginning)
            .order_by("-last")
            .values_list("thread_id", "first", "number", "beginning", "last")[:1]
        )

    @cached_property
    def _counts(self) -> CompiledQuery[tuple[int, int]]:
        return CompiledQuery(self._counted)

    def _counted(self, user_pk: int) -> models.QuerySet[Any, tuple[Any, ...]]:
        # Rows and not ids: no index of PostgreSQL holds the ids, so it would fetch every message.
        messages = self._all().unread_by(user_pk).order_by()
        return messages.values_list("conversation_id").annotate(n=Count("*"))

    def _all(self) -> MessageQuerySet:
        # The condition of `unread_by` is the whole one. On top of `get_queryset` the database
        # would be asked for it twice.
        everything: MessageQuerySet = super().get_queryset()
        return everything


class NotificationQuerySet(models.QuerySet["Notification"]):
    def in_bell(self, user: User | int) -> Self:
        """Those that the bell shows: replies to what `user` wrote."""
        return self.filter(message_not_being_deleted(), user=user, kind="reply")

    def for_list(self, user: User) -> Self:
        """Those that the bell shows, newest first, with their messages: one query."""
        return (
            self.in_bell(user)
            .select_related("message__sender")
            .only(
                "kind",
                "read",
                "created_at",
                "user_id",
                "message__content",
                "message__thread_id",
                "message__sender__username",
                "message__sender__first_name",
            )
            .order_by("-id")
        )

    def unread_by(self, user: User) -> Self:
        """Those that the bell counts: unread replies to what `user` wrote."""
        return self.in_bell(user).filter(unread.UNREAD)


class NotificationManager(models.Manager.from_queryset(NotificationQuerySet)):  # type: ignore[misc]
    def count_unread(self, user: User) -> int:
        """The number at the bell: unread replies. It stops at `NOTIFICATIONS_COUNTED`."""
        return len(_UNREAD_NOTIFICATIONS.rows(user.pk))


# The count of unread notifications stops here: the number tells a person nothing more.
NOTIFICATIONS_COUNTED = 1_000


def _unread_notifications(user_pk: int) -> models.QuerySet[Any, tuple[Any, ...]]:
    notifications = apps.get_model("messaging.Notification").objects
    found: models.QuerySet[Any] = notifications.in_bell(user_pk).filter(unread.UNREAD)
    return found.order_by().values_list("user_id")[:NOTIFICATIONS_COUNTED]


_UNREAD_NOTIFICATIONS = CompiledQuery(_unread_notifications)
