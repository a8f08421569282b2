"""`manage.py reset_link`: let somebody choose a new password."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from accounts import services


class Command(BaseCommand):
    help = (
        "Print a one-time link with which a person can choose a new password. It needs no mail"
        " server."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="The username. Imported people have one too.")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        people = get_user_model().objects
        found = people.filter(username=user).first() or people.filter(username__iexact=user).first()
        if found is None:
            raise CommandError(f"There is no account with the username {user}.")
        if not found.is_active:
            raise CommandError(f"The account of {user} is switched off. Switch it on in the admin.")
        self.stderr.write(f"{found.get_username()} can choose a new password by this link, once:")
        self.stdout.write(services.reset_address(found))
