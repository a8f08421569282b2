"""The search index of the database in use: the checks that it is complete, and its creation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.utils import NotSupportedError

from messaging.search import postgresql, sqlite

if TYPE_CHECKING:
    from messaging.search.query import Term
    from messaging.search.scope import Scope


class SearchIndex(Protocol):
    """What a module provides that keeps the index in one kind of database.

    Triggers on the messages keep the index up to date. Every function takes the connection to
    the database.
    """

    def problems(self, connection: BaseDatabaseWrapper, /) -> list[str]:
        """The names of the parts that are missing, or that differ from those of this release."""

    def create(self, connection: BaseDatabaseWrapper, /) -> None:
        """Make the index and its triggers, and index every message. An old index is dropped."""

    def drop(self, connection: BaseDatabaseWrapper, /) -> None:
        """Drop the index and its triggers, as far as they exist."""

    def create_triggers(self, connection: BaseDatabaseWrapper, /) -> None:
        """Create the triggers alone."""

    def drop_triggers(self, connection: BaseDatabaseWrapper, /) -> None:
        """Drop the triggers alone, as far as they exist."""

    def clean_up(self, connection: BaseDatabaseWrapper, /) -> None:
        """Remove what deleted texts left in the index."""

    def hits_sql(
        self,
        terms: list[Term],
        scope: Scope,
        conditions: str,
        params: list[Any],
        /,
        *,
        before: int | None,
        most: int,
    ) -> tuple[str, list[Any]]:
        """SQL for the ids of the hits, newest first, and its parameters.

        At most `most` ids, and only ids below `before`, if given. `conditions` is SQL about the
        message `m` that begins with AND; `params` are its parameters.
        """


BACKENDS: dict[str, SearchIndex] = {"sqlite": sqlite, "postgresql": postgresql}


def index_of(connection: BaseDatabaseWrapper) -> SearchIndex:
    """The module that keeps the index of `connection`.

    Raises:
        NotSupportedError: the database is neither SQLite nor PostgreSQL.
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
    if not _missing_parts(connection):
        return False
    with transaction.atomic(using=using):
        index_of(connection).create(connection)
    return True


def clean_up(using: str = DEFAULT_DB_ALIAS) -> None:
    """Remove what deleted texts left in the index."""
    index_of(connections[using]).clean_up(connections[using])


@contextmanager
def without_index(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Drop the index for a bulk load, and index all messages together afterwards.

    For a process that has the database to itself: a search fails in the meantime.
    """
    connection = connections[using]
    index_of(connection).drop(connection)
    yield
    with transaction.atomic(using=using):
        index_of(connection).create(connection)


@register(Tags.database)
def check_index(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A warning for each database whose index cannot find every message."""
    # Not an error: an error would stop `migrate`, which makes the index again.
    return [
        checks.Warning(
            f"The search index of database '{using}' lacks {', '.join(missing)}.",
            hint="`manage.py migrate` makes it again.",
            id="messaging.W001",
        )
        for using in databases or []
        if (missing := _missing_parts(connections[using]))
    ]


def _missing_parts(connection: BaseDatabaseWrapper) -> list[str]:
    """The parts that the index should have and lacks. None before its tables are migrated."""
    if connection.vendor not in BACKENDS:
        return []
    missing = index_of(connection).problems(connection)
    return missing if missing and _is_migrated(connection) else []


def is_migrated(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether every migration of `messaging` is applied, so that the tables are as the models."""
    return _is_migrated(connections[using])


def _is_migrated(connection: BaseDatabaseWrapper) -> bool:
    loader = MigrationLoader(connection, ignore_no_migrations=True)
    return set(loader.graph.leaf_nodes("messaging")) <= set(loader.applied_migrations)
