"""The index of the database in use: whether it is there and sound, and made again if not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.utils import NotSupportedError

from messaging.search import postgresql, sqlite

BACKENDS = {"sqlite": sqlite, "postgresql": postgresql}


def index_of(connection: BaseDatabaseWrapper) -> ModuleType:
    """The module that keeps and asks the index of `connection`.

    Raises:
        NotSupportedError: it is neither SQLite nor PostgreSQL.
    """
    if connection.vendor not in BACKENDS:
        raise NotSupportedError(f"Messages cannot be searched on {connection.vendor}.")
    return BACKENDS[connection.vendor]


def keep_index(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Make the index if it is missing or not what this release expects. True if it was made.

    Called by `signals.keep_search_index` after each `migrate`. It makes the index of a new
    database, and makes it again after an upgrade that changed it. Django also drops the triggers
    when it rebuilds a table on SQLite for a changed field; messages that are written without them
    are not in the index.

    Does nothing while migrations of `messaging` are missing: the index reads the tables as the
    models describe them.
    """
    connection = connections[using]
    if connection.vendor not in BACKENDS or not _is_migrated(connection):
        return False
    index = index_of(connection)
    if not index.problems(connection):
        return False
    with transaction.atomic(using=using):
        index.create(connection)
    return True


def _is_migrated(connection: BaseDatabaseWrapper) -> bool:
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    return set(loader.graph.leaf_nodes("messaging")) <= set(loader.applied_migrations)


def clean_up(using: str = DEFAULT_DB_ALIAS) -> None:
    """Let nothing that was deleted be left in the index."""
    index_of(connections[using]).clean_up(connections[using])


@contextmanager
def without_index(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let many messages be written at once, and put them into the index together afterwards.

    For whoever has the database to themselves: nobody else's messages are found meanwhile.
    """
    connection = connections[using]
    index_of(connection).drop(connection)
    yield
    with transaction.atomic(using=using):
        index_of(connection).create(connection)


@register(Tags.database)
def check_index(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether every message that is written can be found."""
    # No error: that would keep `migrate` from making it again.
    return [
        checks.Warning(
            f"The search index of database '{using}' lacks {', '.join(lacking)}.",
            hint="`manage.py migrate` makes it again.",
            id="messaging.W001",
        )
        for using in databases or []
        if (lacking := _lacking(connections[using]))
    ]


def _lacking(connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor not in BACKENDS:
        return []
    index = index_of(connection)
    return index.problems(connection) if index.exists(connection) else []
