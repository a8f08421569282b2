"""`manage.py restore FILE`: fills an empty database from a backup."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import deletion_ledger, services
from operations.backups import BackupFailed, restore


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
            restore(file.absolute())
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        # The backup may be older than this release.
        call_command("migrate", verbosity=0, interactive=False)
        if not deletion_ledger.exists():
            self.stderr.write(
                "DATA_DIR holds no list of deleted accounts, so accounts that were deleted after the"
                " backup exist again. If the old data folder has a file `erased`, copy it and"
                " `secret_key` from there, and restore again into an empty database."
            )
        people = deletion_ledger.restored_accounts()
        for user in people:
            services.delete_account(user)
        self.stdout.write(f"The database was restored from {file}.")
        if people:
            self.stdout.write(f"Accounts deleted again: {len(people)}.")
        if unresolved := deletion_ledger.unresolved_accounts():
            # The deletion may have failed at the time, and a deleted account cannot be recovered.
            names = ", ".join(user.get_username() for user in unresolved)
            self.stderr.write(
                f"The deletion of these accounts had begun, and its outcome is unknown: {names}."
                " Delete those that should be deleted."
            )
