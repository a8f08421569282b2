"""A lock, so that processes that start at once on one database migrate it one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

# The number of our lock among the advisory locks of the database.
LOCK = 7_265_539


@contextmanager
def migration_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock for the block. Waits while another process holds it."""
    if connection.vendor != "postgresql":  # SQLite has one writer at a time
        yield
        return
    with connection.cursor() as cursor:
        if connection.in_atomic_block:  # its end releases the lock, also after an error
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield
            return
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
