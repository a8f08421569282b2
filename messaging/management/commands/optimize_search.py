"""`manage.py optimize_search`: removes what deleted texts left in the search index."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from messaging.search import clean_up, index_of


class Command(BaseCommand):
    """Clean up the search index. Everybody can read and write in the meantime."""

    help = (
        "Removes what deleted and edited texts have left in the search index. Run it every night."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="first make the index again from all messages"
        )
        parser.add_argument(
            "--rewrite",
            action="store_true",
            help="SQLite: write the whole database file again as well; all writers wait",
        )

    def handle(self, *args: Any, rebuild: bool, rewrite: bool, verbosity: int, **opts: Any) -> None:
        if rebuild:
            with transaction.atomic():
                index_of(connection).create(connection)
        clean_up()
        if rewrite and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                # SQLite overwrites what it deletes. But when it moved content from one page to
                # another before, the old page may still hold the bytes.
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if verbosity:
            self.stdout.write("The search index is clean.")
