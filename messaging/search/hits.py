"""One search over both databases."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import BigIntegerField, IntegerField
from django.utils import timezone
from django_cte import CTE, with_cte
from django_cte.raw import raw_cte_sql

from messaging.search.index import index_of
from messaging.search.scope import scope_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.managers import MessageQuerySet
    from messaging.search.query import Query

PAGE = 20  # messages
COUNTED = 1_000  # further than that nobody counts

# What a result shows. A column it shows and this forgets costs one query a row.
RESULT_COLUMNS = (
    *("content", "timestamp", "conversation_id", "sender_id", "receiver_id"),
    *("sender__username", "sender__first_name", "receiver__username", "receiver__first_name"),
    *("parent_message__content", "parent_message__deleted_at", "parent_message__sender_id"),
)


def search(
    messages: MessageQuerySet, user: User, query: Query, *, before: int | None = None
) -> MessageQuerySet:
    """See `MessageQuerySet.search`."""
    if query.problem:
        return messages.none()
    scope = scope_of(query, user)
    if not scope.sides:
        return messages.none()
    connection = connections[messages.db]
    conditions, params = _conditions(query, user, connection)
    sql, params = index_of(connection).hits(
        query, scope, conditions, params, before=before, most=PAGE + 1 if before else COUNTED + 1
    )
    # One statement: what is found is counted and its first page read in the same moment.
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
    rows = rows.select_related("sender", "receiver", "parent_message").only(*RESULT_COLUMNS)
    return with_cte(page, select=rows.order_by("-id"))


def _conditions(query: Query, user: User, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    """What the index does not hold, as SQL about `m`, the message.

    Whether the reader takes part in the conversation is decided here as everywhere else: the
    tokens in the index make that quick, they do not make it so.
    """
    conditions = (
        "AND m.deleted_at IS NULL AND EXISTS (SELECT 1 FROM messaging_participant AS p "
        "WHERE p.conversation_id = m.conversation_id AND p.user_id = %s)"
    )
    params: list[Any] = [user.pk]
    if query.unread:
        conditions += " AND m.receiver_id = %s AND NOT m.read"
        params.append(user.pk)
    if query.before:
        conditions += " AND m.timestamp < %s"
        params.append(_moment(query.before, connection))
    if query.after:
        conditions += " AND m.timestamp >= %s"
        params.append(_moment(query.after + timedelta(days=1), connection))
    return conditions, params


def _moment(day: date, connection: BaseDatabaseWrapper) -> Any:
    """The beginning of `day` where the reader is."""
    beginning = timezone.make_aware(datetime.combine(day, time.min))
    return connection.ops.adapt_datetimefield_value(beginning)
