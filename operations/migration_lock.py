"""Several processes that start at once on one database migrate it one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

# A number of our own among the locks of the database.
LOCK = 7_265_539


@contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait while somebody else migrates this database, and keep others waiting."""
    if connection.vendor != "postgresql":  # SQLite has one writer at a time
        yield
        return
    with connection.cursor() as cursor:
        if connection.in_atomic_block:  # whose end lets go of it, and after an error nothing else
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield
            return
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
