"""Several processes that start at once on one database migrate it one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from messaging_app import postgresql

# A number of our own among the locks of the database.
LOCK = 7_265_539


def migrate() -> None:
    """Bring the database up to date; wait while somebody else is at it.

    Raises:
        ImproperlyConfigured: there is no answer from the database.
    """
    postgresql.ask()
    with _alone():
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _alone() -> Iterator[None]:
    if connection.vendor != "postgresql":  # SQLite has one writer at a time
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
