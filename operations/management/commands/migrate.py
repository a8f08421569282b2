"""`manage.py migrate`: Django's own, which several may call at once."""

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from common import postgresql
from operations.migration_lock import one_at_a_time


class Command(migrate.Command):
    def handle(self, *args: Any, database: str, **options: Any) -> None:
        if database == DEFAULT_DB_ALIAS:
            postgresql.ask()
        with one_at_a_time(connections[database]):
            super().handle(*args, database=database, **options)
