"""How things are found. The only place that knows how tables join."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Count, ExpressionWrapper, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.utils.functional import cached_property
from django_cte import CTE, with_cte

from common.compiled_queries import CompiledQuery
from messaging import unread
from messaging.deleted_accounts import message_not_being_deleted, not_being_deleted
from messaging.search import search

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.models import Conversation, Message
    from messaging.search import Query

# What the inbox shows of a message. A column it shows and this forgets costs one query a row.
INBOX_COLUMNS = (
    *("content_html", "html_version", "timestamp", "edited", "deleted_at", *unread.COLUMNS),
    *("conversation_id", "thread_id", "parent_message_id"),
    *("sender_id", "sender__username", "sender__first_name"),
    *("parent_message__content", "parent_message__deleted_at", "parent_message__sender_id"),
    *("parent_message__sender__username", "parent_message__sender__first_name"),
)

# What is asked of a message before it is loaded: enough to place and to count it.
PLACE = ("id", "parent_message_id", *unread.COLUMNS)

# Added to the ids that a recursion found, so that SQLite looks up each of them. Otherwise, to have
# the rows in order, it may read the whole table and look each row up among those ids.
NOTHING = Value(0)

# `people.display_name` in SQL, of the user that a row points to.
DISPLAY_NAME = Coalesce(NullIf("user__first_name", Value("")), "user__username")


class _CountOf(Subquery):
    """How many rows a subquery has, which may be limited."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: User | int) -> Self:
        """The conversations `user` takes part in, with what their own view of each depends on.

        `reader_version` is the version of their read marks there; it comes from the very row
        that lets them in.
        """
        # Nobody joins twice (participant_joins_once), so the join repeats no row.
        return self.filter(participants__user=user).annotate(
            reader_version=F("participants__version")
        )

    def with_participant(self, user: User | int) -> Self:
        """The conversations `user` takes part in, without their view of them."""
        return self.filter(participants__user=user)

    def ending_with(self, user: User | int) -> Self:
        """The conversations that end when `user` leaves: at most one other person takes part."""
        # Counted before the join that finds `user`, which would leave one row to count.
        return self.alias(people=Count("participants")).filter(
            participants__user=user, people__lte=2
        )

    def between(self, one: User, other: User) -> Conversation:
        """The conversation of two people, made now if they have none yet.

        Raises:
            ValidationError: `one` and `other` are the same person.
        """
        return self.model.between(one.pk, other.pk)

    def next_version(self, pk: int) -> int:
        """Raises the version of one conversation and returns it.

        The row stays locked until the transaction ends: what is written under a version is
        committed in the order of versions.
        """
        if not self.filter(pk=pk).update(version=F("version") + 1):
            raise self.model.DoesNotExist(f"There is no conversation {pk}.")
        return _VERSION.rows(pk)[0][0]


def _version(pk: int) -> models.QuerySet[Any, tuple[Any, ...]]:
    # From the registry: the models import this module.
    conversations = apps.get_model("messaging.Conversation").objects
    return conversations.filter(pk=pk).values_list("version")


_VERSION = CompiledQuery(_version)


class ParticipantQuerySet(models.QuerySet):
    def for_list(self, user: User | int) -> models.QuerySet[Any, dict[str, Any]]:
        """`user`'s conversations, the liveliest first, as plain values: one query.

        Each has `conversation_id`, `last_activity`, `pair_key`, of the other person `other_name`,
        and of the last message `sender_id` and `beginning` (None, or empty when it was deleted).
        Building five models for each of thirty rows would cost more than SQL.
        """
        others = self.model._base_manager.filter(conversation=OuterRef("conversation")).exclude(
            user=user
        )
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
            )
        )

    def after(self, conversation_pk: int) -> Self:
        """What comes after that conversation in the order of `for_list`."""
        last = self.filter(conversation=conversation_pk).values("last_activity", "id")[:1]
        activity = Subquery(last.values("last_activity"))
        return self.filter(
            Q(last_activity__lt=activity)
            | Q(last_activity=activity, id__lt=Subquery(last.values("id")))
        )


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User | int) -> Self:
        """Messages of the conversations `user` takes part in: all they may ever see."""
        return self.filter(conversation__participants__user=user)

    def search(self, user: User, query: Query, *, before: int | None = None) -> Self:
        """What `query` finds among the messages `user` may see, newest first: one page, and one
        message more if there is another page. Only messages older than the id `before`, if given.

        Each has `found`: how many there are in all, counted up to 1,001. Evaluates nothing but
        names of people, if the query has any.
        """
        return cast(Self, search(self, user, query, before=before))

    def top_level(self) -> Self:
        """Messages that answer nothing: the ones a conversation page lists."""
        return self.filter(parent_message=None)

    def newest(self, number: int) -> Self:
        """The newest `number` of these messages, newest first."""
        # Ids first, from an index of these messages alone. Asked for whole rows, PostgreSQL reads
        # the table from its end if they are many: 325 ms in a long conversation gone quiet.
        ids = self.order_by("-id").values("pk")[:number]
        return self.model._default_manager.filter(pk__in=ids).order_by("-id")

    def for_display(self) -> Self:
        """In the order they were sent, with all that a drawn message touches: one query."""
        # No join: of one more table PostgreSQL thinks for longer than it takes to ask this.
        parents = self.model._base_manager.filter(pk=OuterRef("parent_message")).order_by()
        return (
            self.select_related("sender")
            .annotate(parent_sender_id=Subquery(parents.values("sender_id")))
            .order_by("id")
        )

    def unread_by(self, user: User | int) -> Self:
        """Messages to `user` that they have not read."""
        return self.filter(unread.unread_by(user))

    def with_replies(self, most: int) -> Self:
        """Each root message with `reply_count` of its thread, counted up to `most`, and the ids of
        the `first_reply` and the `last_reply`.
        """
        replies = self.model._base_manager.filter(thread=OuterRef("pk")).order_by("id").values("id")
        return self.annotate(
            # What lies between the ends is not looked at, however much that is.
            reply_count=_CountOf(replies.order_by()[:most]),
            first_reply=Subquery(replies[:1]),
            last_reply=Subquery(replies.order_by("-id")[:1]),
        )

    def descendants_of(self, message: Message | int) -> Self:
        """Everything below `message`, at any depth, each with its `depth` (direct replies: 1).

        One recursive query, anchored at the message: its cost follows what is below, not the
        size of the conversation. In the order they were sent, so that parents come before their
        replies, unless the queryset has an order of its own.
        """
        pk = message if isinstance(message, int) else message.pk
        messages = self.model._base_manager

        # Only id and depth travel through the recursion; the rest is joined once, outside.
        def grow(cte: CTE) -> models.QuerySet:
            return (
                messages.filter(parent_message=pk)
                .order_by()
                .values("id", depth=Value(1, output_field=IntegerField()))
                .union(
                    cte.join(messages.all(), parent_message=cte.col.id).values(
                        "id", depth=cte.col.depth + Value(1, output_field=IntegerField())
                    ),
                    all=True,
                )
            )

        cte = CTE.recursive(grow, name="below")
        rows = self if self.ordered else self.order_by("id")
        return with_cte(
            cte, select=cte.join(rows, id=cte.col.id + NOTHING).annotate(depth=cte.col.depth)
        )

    def ancestors_of(self, message: Message) -> Self:
        """What `message` answers, and what that answers, up to the root, nearest first unless
        the queryset has an order of its own.

        Each has its `distance`: 1 for the message that `message` answers.
        """

        def climb(cte: CTE) -> models.QuerySet:
            step = Value(1, output_field=IntegerField())
            return (
                self.model._base_manager.filter(pk=message.parent_message_id)
                .values("id", "parent_message_id", distance=step)
                .union(
                    cte.join(self.model._base_manager.all(), id=cte.col.parent_message_id).values(
                        "id", "parent_message_id", distance=cte.col.distance + step
                    ),
                    all=True,
                )
            )

        cte = CTE.recursive(climb, name="above")
        # Nearest first is youngest first: nothing answers a younger message.
        rows = self if self.ordered else self.order_by("-id")
        return with_cte(
            cte, select=cte.join(rows, id=cte.col.id + NOTHING).annotate(distance=cte.col.distance)
        )

    def update(self, **values: Any) -> int:
        """As Django's, but never of `content`: that would change a text without its history.

        Raises:
            TypeError: `content` is among the values; `services.edit_message` edits.
        """
        if "content" in values:
            raise TypeError("Message.content is edited by save(), which keeps the old text.")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete these messages as their authors would: text, history and notification go.

        Where replies stay below, an empty row keeps the place. Returns what Django's does: how
        many messages lost their text, in all and by model.
        """
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
        """The message that `sender` already sent under `client_key`, if there is one."""
        return self.filter(sender=sender, client_key=client_key).first()

    def places_from(
        self, first: models.QuerySet[Message], levels: int | None = None
    ) -> models.QuerySet[Any, tuple[Any, ...]]:
        """Where the messages `first` and everything below them hang: the values of `PLACE`. With
        `levels`, so many of them below `first`, and the level as one value more.
        """
        # All of it travels through the recursion. Joined outside, PostgreSQL would expect far more
        # rows than there are, and read the whole table to meet them.

        def grow(cte: CTE) -> models.QuerySet:
            below = cte.join(self.model._base_manager.all(), parent_message=cte.col.id)
            if levels is None:
                return (
                    first.order_by().values_list(*PLACE).union(below.values_list(*PLACE), all=True)
                )
            number = IntegerField()
            deeper = ExpressionWrapper(cte.col.level + Value(1), output_field=number)
            below = below.annotate(level=deeper).filter(level__lte=levels)
            top = first.order_by().annotate(level=Value(0, output_field=number))
            top = top.values_list(*PLACE, "level")
            return top.union(below.values_list(*PLACE, "level"), all=True)

        cte = CTE.recursive(grow, name="below")
        return with_cte(cte, select=cte)


class UnreadMessagesManager(models.Manager.from_queryset(MessageQuerySet)):  # type: ignore[misc]
    """Messages that somebody has not read yet."""

    def get_queryset(self) -> MessageQuerySet:
        return super().get_queryset().filter(not_being_deleted(), unread.UNREAD)

    def unread_for_user(self, user: User) -> MessageQuerySet:
        """Unread messages to `user`, newest first, with only the columns an inbox shows."""
        return (
            self._all()
            .unread_by(user)
            .select_related("sender", "parent_message__sender")
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

    @cached_property
    def _counts(self) -> CompiledQuery:
        return CompiledQuery(self._counted)

    def _counted(self, user_pk: int) -> models.QuerySet[Any, tuple[Any, ...]]:
        # Rows and not ids: no index of PostgreSQL holds the ids, so it would fetch every message.
        messages = self._all().unread_by(user_pk).order_by()
        return messages.values_list("conversation_id").annotate(n=Count("*"))

    def _all(self) -> MessageQuerySet:
        # The condition of `unread_by` is the whole one. On top of `get_queryset` the database
        # would be asked for it twice.
        return super().get_queryset()


class NotificationQuerySet(models.QuerySet):
    def for_list(self, user: User) -> Self:
        """`user`'s notifications, newest first, with the messages they tell of."""
        return (
            self.filter(message_not_being_deleted(), user=user)
            .select_related("message__sender")
            .only(
                "kind",
                "read",
                "created_at",
                "user_id",
                "message__content",
                "message__conversation_id",
                "message__sender__username",
                "message__sender__first_name",
            )
            .order_by("-id")
        )

    def unread_by(self, user: User) -> Self:
        return self.filter(message_not_being_deleted(), unread.UNREAD, user=user)


class NotificationManager(models.Manager.from_queryset(NotificationQuerySet)):  # type: ignore[misc]
    def count_unread(self, user: User) -> int:
        """What the bell says: nobody counts further than `NOTIFICATIONS_COUNTED`."""
        return len(_UNREAD_NOTIFICATIONS.rows(user.pk))


# Unread notifications that are counted; whoever has as many has stopped to read the number.
NOTIFICATIONS_COUNTED = 1_000


def _unread_notifications(user_pk: int) -> models.QuerySet[Any, tuple[Any, ...]]:
    notifications = apps.get_model("messaging.Notification").objects
    told = notifications.filter(message_not_being_deleted(), unread.UNREAD, user=user_pk)
    return told.order_by().values_list("user_id")[:NOTIFICATIONS_COUNTED]


_UNREAD_NOTIFICATIONS = CompiledQuery(_unread_notifications)
