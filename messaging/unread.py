"""Unread for whom: the conditions, and the only place outside the models that names their columns.

A message between two people stores who receives it (`receiver`) and whether that person has read
it (`read`). `UnreadMessagesManager` asks the database with the conditions of this module; pages ask
about one message with `is_unread`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, Value

from messaging.deleted_accounts import not_being_deleted

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.models import Message

# The columns that `is_unread` needs, in its order.
COLUMNS = ("read", "receiver_id")

# An equality, which an index answers. read=False would become NOT "read", which SQLite tests row by
# row.
UNREAD = Q(read=Value(False))


def unread_by(reader: User | int) -> Q:
    """The condition that a message is unread by `reader`, and in a conversation that is not being
    deleted.
    """
    return not_being_deleted() & UNREAD & Q(receiver=reader)


def read_by(reader: User | int) -> Q:
    """The condition that a message was read by `reader`, who received it, and is not deleted."""
    return Q(receiver=reader, read=True, deleted_at=None)


def unread_sql(alias: str) -> str:
    """The condition that a reader has not read the message `alias`, in SQL. Its only parameter is
    the reader's id. For queries that ask who takes part: nobody does in a conversation that is
    being deleted.
    """
    return f"{alias}.receiver_id = %s AND NOT {alias}.read"


def replies_unread_by(reader: User | int) -> Q:
    """The condition that a direct reply to a message is unread by `reader`, for aggregates."""
    return Q(replies__read=False, replies__receiver=reader)


def is_unread(reader_pk: int, read: bool, receiver_pk: int) -> bool:
    """Whether the reader has not read the message whose `COLUMNS` these are."""
    return not read and receiver_pk == reader_pk


def can_mark(message: Message, reader_pk: int) -> bool:
    """Whether the reader can mark `message` as read or unread: they received it, and it is there."""
    return message.receiver_id == reader_pk and message.deleted_at is None
