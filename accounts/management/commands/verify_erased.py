"""`manage.py verify_erased`: whether anything is left of deleted accounts."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import deletion_audit, deletion_ledger


class Command(BaseCommand):
    """Look for what deleted accounts may have left: rows, references, and given words."""

    help = (
        "Looks in every table for references to rows that do not exist and, if you name words, for"
        " these words in the tables and in the files of the database. Fails if it finds any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "words",
            nargs="*",
            help="what must not be there any more: a username, an address, a text",
        )

    def handle(self, *args: Any, words: Sequence[str], **options: Any) -> None:
        deletion_ledger.resolve_started()
        findings = [*deletion_audit.dangling_references(), *deletion_audit.restored_accounts()]
        for word in words:
            findings += deletion_audit.rows_and_files_with(word)
        for finding in findings:
            self.stderr.write(finding)
        if findings:
            raise CommandError(f"Deleted accounts have left something: {len(findings)} findings.")
        self.stdout.write("Nothing is left of deleted accounts.")
