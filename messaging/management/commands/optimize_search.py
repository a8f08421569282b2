"""`manage.py optimize_search`: nothing that was deleted stays behind in the index."""

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from messaging.search import clean_up, index_of


class Command(BaseCommand):
    """Tidy the search index. Everybody can go on reading and writing meanwhile."""

    help = (
        "Removes what deleted and edited texts have left in the search index. Run it every night."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--rebuild", action="store_true", help="make the index anew from all messages first"
        )
        parser.add_argument(
            "--rewrite",
            action="store_true",
            help="SQLite: write the whole file anew as well; whoever writes has to wait",
        )

    def handle(self, *args, rebuild, rewrite, verbosity, **options):
        if rebuild:
            with transaction.atomic():
                index_of(connection).create(connection)
        clean_up()
        if rewrite and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                # What is deleted is overwritten; what SQLite has moved from page to page before
                # may have left its bytes where it was.
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if verbosity:
            self.stdout.write("The search index is tidy.")
