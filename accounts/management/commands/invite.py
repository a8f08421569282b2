"""`manage.py invite`: create an invitation."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import services


class Command(BaseCommand):
    help = "Print a one-time link with which one person can sign up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=services.INVITATION_DAYS,
            help="For how many days the link can be used (default: %(default)s).",
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        if settings.SIGNUP == "closed":
            raise CommandError("Nobody can sign up while SIGNUP=closed. Set SIGNUP=invite.")
        if not 1 <= days <= 365:
            raise CommandError("--days must be a number from 1 to 365.")
        _invitation, address = services.invite(days=days)
        self.stderr.write(f"One person can sign up by this link, once, within {days} days:")
        self.stdout.write(address)
