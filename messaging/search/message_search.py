"""The search of messages: one statement, on either database."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import BigIntegerField, IntegerField
from django.utils import timezone
from django_cte import CTE, with_cte
from django_cte.raw import raw_cte_sql

from messaging.models import Message
from messaging.search.index import index_of
from messaging.search.scope import scope_of
from messaging.unread import unread_sql

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.managers import MessageQuerySet
    from messaging.search.query import Query

PAGE = 20  # messages
COUNTED = 1_000  # hits are counted up to this number

# The columns that a result shows. A column that is shown and missing here costs one query a row.
RESULT_COLUMNS = (
    *("content", "timestamp", "conversation_id", "sender_id", "receiver_id"),
    *("sender__username", "sender__first_name", "receiver__username", "receiver__first_name"),
    *("parent_message__content", "parent_message__deleted_at", "parent_message__sender_id"),
    *("parent_message__sender__username", "parent_message__sender__first_name"),
)


def search_messages(user: User, query: Query, *, before: int | None = None) -> MessageQuerySet:
    """The messages that `query` finds among those `user` may see, newest first.

    At most `PAGE` messages, and one more if another page follows. With `before`, only messages
    with a smaller id. Each message has `found`: the number of all hits, counted up to
    `COUNTED` + 1.

    The queryset is lazy: only names of people in `query` cost a statement before it is read.
    """
    messages: MessageQuerySet = Message.objects.all()
    if query.problem or (scope := scope_of(query, user)).is_empty:
        return messages.none()
    connection = connections[messages.db]
    conditions, params = _conditions(query, user, connection)
    most = PAGE + 1 if before else COUNTED + 1
    sql, params = index_of(connection).hits_sql(
        query.terms, scope, conditions, params, before=before, most=most
    )
    # One statement counts the hits and reads the first page, both of the same moment.
    page = CTE(
        raw_cte_sql(
            f"WITH hits AS ({sql}) SELECT id, (SELECT count(*) FROM hits) AS found "
            "FROM hits ORDER BY id DESC LIMIT %s",
            [*params, PAGE + 1],
            {"id": BigIntegerField(), "found": IntegerField()},
        ),
        name="page",
    )
    rows = page.join(messages.visible_to(user), id=page.col.id).annotate(found=page.col.found)
    rows = rows.select_related("sender", "receiver", "parent_message__sender").only(*RESULT_COLUMNS)
    found: MessageQuerySet = with_cte(page, select=rows.order_by("-id"))
    return found


def _conditions(query: Query, user: User, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    """The conditions that the index cannot answer, as SQL about the message `m`, and parameters.

    The participants decide here, as everywhere else, whether the reader may see a message. The
    tokens in the index make the search fast, they do not make it safe.
    """
    conditions = (
        "AND m.deleted_at IS NULL AND EXISTS (SELECT 1 FROM messaging_participant AS p "
        "WHERE p.conversation_id = m.conversation_id AND p.user_id = %s)"
    )
    params: list[Any] = [user.pk]
    if query.unread:
        conditions += f" AND {unread_sql('m')}"
        params.append(user.pk)
    if query.before:
        conditions += " AND m.timestamp < %s"
        params.append(_start_of_day(query.before, connection))
    if query.after:
        conditions += " AND m.timestamp >= %s"
        params.append(_start_of_day(query.after + timedelta(days=1), connection))
    return conditions, params


def _start_of_day(day: date, connection: BaseDatabaseWrapper) -> Any:
    """The start of `day` in the reader's time zone, as the database stores times."""
    start = timezone.make_aware(datetime.combine(day, time.min))
    return connection.ops.adapt_datetimefield_value(start)
