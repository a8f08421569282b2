"""`manage.py backup FILE`: copies the whole database while people write."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backups import BackupFailed, back_up


class Command(BaseCommand):
    """Write a backup of the whole database to a file."""

    help = "Copies the whole database into FILE. Parley can stay in use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            back_up(file.absolute())
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The backup is in {file}. It holds private messages: keep it in a safe place."
        )
