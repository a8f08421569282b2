"""`manage.py restore FILE`: an empty place becomes what a backup holds."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import deletion_ledger, services
from operations.backups import BackupFailed, bring_back


class Command(BaseCommand):
    """Fill an empty database from a backup. Accounts that were deleted since stay deleted."""

    help = (
        "Fills an empty database from FILE, a backup of the same kind of database. Accounts that"
        " were deleted after the backup are deleted again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            bring_back(file.absolute())
        except BackupFailed as problem:
            raise CommandError(str(problem)) from problem
        # The backup may be older than this release.
        call_command("migrate", verbosity=0, interactive=False)
        if not deletion_ledger.exists():
            self.stderr.write(
                "There is no list of deleted accounts in DATA_DIR. If the old data folder has a file"
                " `erased`, copy it and `secret_key` from there and start again with an empty"
                " database: otherwise people who left since the backup are back."
            )
        people = deletion_ledger.restored_accounts()
        for user in people:
            services.delete_account(user)
        self.stdout.write(f"Everything in {file} is back.")
        if people:
            self.stdout.write(f"Deleted again, as they had been: {len(people)} accounts.")
        if begun := deletion_ledger.unresolved_accounts():
            # A deletion that failed must not be carried out now: nothing would bring that back.
            names = ", ".join(user.get_username() for user in begun)
            self.stderr.write(
                f"Their deletion had begun, and it is not known how it ended: {names}."
                " Delete those who meant to go."
            )
