"""`manage.py migrate`: Django's command, which several processes may call at once."""

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from common import postgresql
from operations.migration_lock import migration_lock


class Command(migrate.Command):
    def handle(self, *args: Any, database: str, **options: Any) -> None:
        if database == DEFAULT_DB_ALIAS:
            postgresql.check_connection()
        with migration_lock(connections[database]):
            super().handle(*args, database=database, **options)
