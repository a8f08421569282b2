"""Print a one-time link with which somebody chooses a new password."""

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from accounts import services


class Command(BaseCommand):
    help = "Print a one-time link with which somebody chooses a new password. Needs no mail server."

    def add_arguments(self, parser) -> None:
        parser.add_argument("user", help="The username. Imported people have one too.")

    def handle(self, *args, user: str, **options) -> None:
        people = get_user_model().objects
        found = people.filter(username=user).first() or people.filter(username__iexact=user).first()
        if found is None:
            raise CommandError(f"There is nobody with the username {user}.")
        if not found.is_active:
            raise CommandError(f"The account of {user} is switched off. Switch it on in the admin.")
        self.stderr.write(f"This link lets {found.get_username()} choose a new password, once:")
        self.stdout.write(services.reset_address(found))
