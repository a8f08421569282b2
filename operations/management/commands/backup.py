"""`manage.py backup FILE`: a copy of everything, while people write."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from operations.backups import BackupFailed, back_up


class Command(BaseCommand):
    """Write a backup of the whole database to a file."""

    help = "Copies the whole database into FILE, while people write. Needs nobody to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            back_up(file.absolute())
        except BackupFailed as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"The backup is {file}. It holds private messages: keep it where they are safe."
        )
