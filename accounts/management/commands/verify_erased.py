"""`manage.py verify_erased`: whether anything is left of accounts that were deleted."""

from django.core.management.base import BaseCommand, CommandError

from accounts import deletion_audit, deletion_ledger


class Command(BaseCommand):
    """Look for what deleted accounts may have left: rows, references, and given words."""

    help = (
        "Looks through every table for rows that belong to nobody, and, if you name them, for"
        " words in tables and in the files of the database. Fails if it finds any."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "words",
            nargs="*",
            help="what must not be there any more: a username, an address, a text",
        )

    def handle(self, *args, words, **options):
        deletion_ledger.settle()
        found = [*deletion_audit.dangling(), *deletion_audit.came_back()]
        for word in words:
            found += deletion_audit.holding(word)
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"Something is left of deleted accounts: {len(found)} findings.")
        self.stdout.write("Nothing is left of deleted accounts.")
