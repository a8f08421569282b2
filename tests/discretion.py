"""Listens to all that is logged while tests run, and knows what must never be in it.

Every request, every error that a test forces and every task passes here at LOG_LEVEL=DEBUG, in the
words in which a site would write it down. What the suite types over and over again is looked for:
its texts, its password, and whatever is made like the key of a session or a token of a form.
"""

import logging
import re

PRIVATE = re.compile(
    # Texts: of the factories, of `tests/chats`, and of those who write to a server that fails.
    r"Text number \d|A reply|Good morning|Good evening|Step \d|Some text that was typed"
    r"|Private words|\d says \d|Sent by a double click|Another text|flugelhorn"
    r"|seventeen green herons"
    # 32 of the letters and digits of a session's key, not all of which are those of a hash; and
    # tokens of forms, which have capitals too.
    r"|(?<![a-z0-9])(?=[a-f0-9]*[g-z])[a-z0-9]{32}(?![a-z0-9])"
    r"|(?<![A-Za-z0-9])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{32}(?:[A-Za-z0-9]{32})?(?![A-Za-z0-9])"
)

told: list[str] = []


class Listening(logging.Handler):
    """Keeps in `told` what should not have been said."""

    def emit(self, record: logging.LogRecord) -> None:
        # Django writes SQL down where DEBUG is on, or where a test counts it: never for a site.
        if not record.name.startswith("django.db.backends"):
            told.extend(private_in(self.format(record)))


def private_in(said: str) -> list[str]:
    """The lines of a log that hold something private."""
    return [line[:400] for line in said.splitlines() if PRIVATE.search(line)]
