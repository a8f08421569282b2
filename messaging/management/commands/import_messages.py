"""`manage.py import_messages`: imports messages from a file of JSON Lines."""

import sys
import time
import zlib
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError
from tqdm import tqdm

from messaging.importing import BadLine, MessageFile, Survey, open_source, store_messages
from messaging.importing.parser import ImportedMessage

FORMAT = """\
Imports messages from JSON Lines: one object a line, parents before their replies, each with

  id         the id of the message in this file, a text or a number
  parent     the id of the message that this one answers, or null
  sender     a user name; accounts that do not exist are made, without a password
  receiver   a user name; the account may be closed
  timestamp  ISO 8601, in UTC if it names no zone
  content    the text

and, optionally,

  read       false if the receiver has not read the message (default: true)
  edited     true if the message was edited (default: false)
  history    the earlier texts, oldest first: each a text, or {"content": …, "edited_at": …}

The command imports all lines or, if one of them is bad, none. Messages that an earlier import
stored do not change, so the same file adds nothing a second time. The lines may stand in any order,
but that a reply comes after what it answers: messages are shown in the order of their times. Messages that were removed since,
by their author or with an account, are imported again.
"""


class Command(BaseCommand):
    help = FORMAT
    requires_migrations_checks = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # argparse must not wrap the lines of the description.
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="a file, plain or compressed by gzip; - for standard input"
        )

        parser.add_argument(
            "--even-if-older",
            action="store_true",
            help="put messages that are older than the newest one of their conversation below it",
        )

    def handle(self, *, file: str, even_if_older: bool, verbosity: int, **options: Any) -> None:
        started = time.monotonic()

        def with_progress(
            messages: Iterable[ImportedMessage], description: str, total: int | None = None
        ) -> Iterable[ImportedMessage]:
            progress: Iterable[ImportedMessage] = tqdm(
                messages,
                desc=description,
                total=total,
                unit=" messages",
                disable=verbosity == 0,
                file=sys.stderr,  # self.stderr would end each of its lines
            )
            return progress

        try:
            with open_source(file) as source:
                messages = MessageFile(source)
                survey = Survey(with_progress(messages, "Checking"))
                stored = store_messages(
                    survey,
                    lambda: with_progress(messages, "Importing", survey.total),
                    even_if_older=even_if_older,
                )
        except BadLine as bad:
            raise CommandError(f"{bad} Nothing was imported.") from None
        except (OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{file} cannot be read: {error}. Nothing was imported.") from None
        except IntegrityError:
            # Foreign keys are checked at commit.
            raise CommandError(
                "An account was deleted while its messages were imported. Nothing was imported: "
                "run the command again."
            ) from None
        if verbosity:
            seconds = max(time.monotonic() - started, 0.001)
            self.stdout.write(
                f"Imported {stored:,} of {survey.total:,} messages between"
                f" {len(survey.names):,} people in {len(survey.latest):,} conversations:"
                f" {survey.total / seconds:,.0f} a second."
                + (" Earlier imports stored the others." if stored < survey.total else "")
            )
