"""`manage.py move_database --to postgres://…`: from SQLite to PostgreSQL, everything or nothing."""

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
        "compares every row. Stop the server first. The SQLite file does not change."
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
            # The text of the error can show the refused row.
            raise CommandError(
                f"PostgreSQL refused a statement ({type(error).__name__}). Nothing was moved."
            ) from error
        finally:
            connections[TARGET].close()
        self.stdout.write(
            f"Copied and compared {rows:,} rows in {tables} tables. Set DATABASE_URL to the new"
            " address, and SECRET_KEY to the content of the file secret_key in the data folder, so"
            " that everybody stays signed in. Keep the SQLite file until you have seen Parley work."
        )

    def _connect(self, address: str) -> None:
        try:
            config = environ.Env.db_url_config(address)
        except (ImproperlyConfigured, ValueError, KeyError) as error:
            raise CommandError("--to is not the address of a database.") from error
        if not config.get("ENGINE", "").endswith("postgresql"):
            raise CommandError("--to must be the address of a PostgreSQL database: postgres://…")
        complete = connections.configure_settings({DEFAULT_DB_ALIAS: {}, TARGET: config})
        connections.settings[TARGET] = complete[TARGET]
        try:
            connections[TARGET].ensure_connection()
        except Error as error:
            raise CommandError("The database at --to does not answer.") from error
