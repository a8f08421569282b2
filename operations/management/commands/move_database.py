"""`manage.py move_database --to postgres://…`: from SQLite to PostgreSQL, all of it or nothing."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, Error, connections

from operations.database_transfer import NotMoved, move

TARGET = "target"


class Command(BaseCommand):
    help = (
        "Copies this installation, which is on SQLite, into an empty PostgreSQL database, and "
        "checks that everything arrived. Stop the server first. The SQLite file stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, help="postgres://user:password@host:port/name")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        self._connect(to)
        try:
            tables, rows = move(DEFAULT_DB_ALIAS, TARGET)
        except NotMoved as error:
            raise CommandError(str(error)) from error
        except Error as error:
            # Not the error's own words: they can hold the row that was refused.
            raise CommandError(
                f"PostgreSQL refused ({type(error).__name__}); nothing was kept of it."
            ) from error
        finally:
            connections[TARGET].close()
        self.stdout.write(
            f"{rows:,} rows of {tables} tables arrived, and are the same. Set DATABASE_URL to the"
            " new address, and SECRET_KEY to what is in the data folder's file secret_key, so that"
            " everybody stays signed in. Keep the SQLite file until you have seen it work."
        )

    def _connect(self, address: str) -> None:
        try:
            config = environ.Env.db_url_config(address)
        except (ImproperlyConfigured, ValueError, KeyError) as error:
            raise CommandError("--to is no address of a database.") from error
        if not config.get("ENGINE", "").endswith("postgresql"):
            raise CommandError("--to has to be a PostgreSQL: postgres://…")
        known = connections.configure_settings({DEFAULT_DB_ALIAS: {}, TARGET: config})
        connections.settings[TARGET] = known[TARGET]
        try:
            connections[TARGET].ensure_connection()
        except Error as error:
            raise CommandError("There is no answer from the database that --to names.") from error
