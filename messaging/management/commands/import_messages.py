"""manage.py import_messages: messages from a file of JSON Lines."""

import sys
import time
import zlib
from argparse import RawDescriptionHelpFormatter

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from tqdm import tqdm

from messaging.importing import BadLine, Lines, Survey, opened, write

FORMAT = """\
Imports messages from JSON Lines: one object a line, parents before their replies, each with

  id         what the file calls this message, a text or a number
  parent     the id of the message it answers, or null
  sender     user name; people who do not exist are made, without a password
  receiver   user name
  timestamp  ISO 8601; without a zone it is UTC
  content    the text

and, if wanted,

  read       false for one that its receiver has not read (true unless said otherwise)
  edited     true for one that was edited
  history    its earlier texts, oldest first: each a text, or {"content": …, "edited_at": …}

All lines are imported or, when one of them is bad, none. What was imported before is left as it
is, so the same file adds nothing a second time; what its author has deleted here for good, or
lost with an account, comes back.
"""


class Command(BaseCommand):
    help = FORMAT
    requires_migrations_checks = True

    def create_parser(self, prog_name, subcommand, **kwargs):
        # The description has lines of its own.
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser):
        parser.add_argument(
            "file", metavar="FILE", help="a file, compressed by gzip or not; - for standard input"
        )

    def handle(self, *, file, verbosity, **options):
        began = time.monotonic()

        def shown(lines, description, total=None):
            return tqdm(
                lines,
                desc=description,
                total=total,
                unit=" messages",
                disable=verbosity == 0,
                file=sys.stderr,  # Django would end each of its lines
            )

        try:
            with opened(file) as source:
                lines = Lines(source)
                survey = Survey(shown(lines, "Checking"))
                written = write(survey, lambda: shown(lines, "Importing", survey.total))
        except BadLine as bad:
            raise CommandError(f"{bad} Nothing was imported.") from None
        except (OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{file} cannot be read: {error}") from None
        except IntegrityError:
            # Foreign keys are checked at commit.
            raise CommandError(
                "An account that takes part was deleted meanwhile. Nothing was imported."
            ) from None
        if verbosity:
            seconds = max(time.monotonic() - began, 0.001)
            self.stdout.write(
                f"Imported {written:,} of {survey.total:,} messages between"
                f" {len(survey.names):,} people in {len(survey.latest):,} conversations:"
                f" {survey.total / seconds:,.0f} a second."
                + (" The others were here before." if written < survey.total else "")
            )
