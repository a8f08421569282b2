"""Print a one-time link with which somebody can sign up."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import services


class Command(BaseCommand):
    help = "Print a one-time link with which somebody can sign up."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=services.INVITATION_DAYS,
            help="How many days the link can be used (default: %(default)s).",
        )

    def handle(self, *args, days: int, **options) -> None:
        if settings.SIGNUP == "closed":
            raise CommandError("Nobody can sign up while SIGNUP=closed. Set SIGNUP=invite.")
        if not 1 <= days <= 365:
            raise CommandError("--days takes a number from 1 to 365.")
        _invitation, address = services.invite(days=days)
        self.stderr.write(f"This link lets one person sign up, once, within {days} days:")
        self.stdout.write(address)
