"""The generated data for measurements of the search: messages out of fifty thousand words.

The words are as frequent as words of a language: a few are very common, most are rare. One reader
has a fifth of all messages, another reader a few hundred. They search for a rare word, for a
middling one, and for one that occurs in every fifth message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product
from random import Random
from typing import Any
from uuid import UUID

from messaging.rendering import HTML_VERSION

BUSY, QUIET = 1, 2  # the ids of the readers
BUSY_CONVERSATIONS, BUSY_SHARE = 117, 0.217
QUIET_CONVERSATIONS, QUIET_MESSAGES = 3, 380

VOCABULARY = 50_000
# Ranks of words: in every fifth message, in one of seventy, in one of twenty thousand.
RANKS = {"common": 4, "middling": 100, "rare": 30_000}


def word(rank: int) -> str:
    """The word of that rank: rank 0 is the most frequent one."""
    syllables = [one + other for one, other in product("bdfgklmnprstvz", "aeiou")]
    number, letters = rank + 7_000, ""
    while number:
        number, syllable = divmod(number, len(syllables))
        letters += syllables[syllable]
    return letters


class SearchWorld:
    """The rows of `size` messages. The same size gives the same rows, but for times."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = Random(size)  # noqa: S311
        self.people = 400 + size // 250
        self.words = [word(rank) for rank in range(VOCABULARY)]
        # The law of Zipf and Mandelbrot.
        self.weights = list(accumulate(1 / (rank + 2.7) for rank in range(1, VOCABULARY + 1)))
        self.pairs = [(BUSY, 10 + n) for n in range(BUSY_CONVERSATIONS)]
        self.pairs += [(QUIET, 10 + n) for n in range(QUIET_CONVERSATIONS)]
        others: set[tuple[int, int]] = set()
        for _number in range(max(200, size // 50)):
            one, other = sorted(self.random.sample(range(10, self.people + 1), 2))
            others.add((one, other))
        self.pairs += sorted(others)
        self.last_message: dict[int, tuple[int, str]] = {}  # id and time, by conversation

    def _places(self) -> list[int]:
        """For each message the index of its pair, shuffled."""
        first_other = BUSY_CONVERSATIONS + QUIET_CONVERSATIONS
        busy = int(self.size * BUSY_SHARE)
        # A few conversations of the busy reader are much longer than the others, too.
        places = self.random.choices(
            range(BUSY_CONVERSATIONS),
            [1 / (n + 3) for n in range(BUSY_CONVERSATIONS)],
            k=busy,
        )
        places += [BUSY_CONVERSATIONS + n % QUIET_CONVERSATIONS for n in range(QUIET_MESSAGES)]
        others = range(first_other, len(self.pairs))
        weights = [1 / (n + 3) ** 0.9 for n in range(len(others))]
        places += self.random.choices(others, weights, k=self.size - len(places))
        self.random.shuffle(places)
        return places

    def text(self) -> str:
        """The text of a new message."""
        length = min(300, max(3, int(self.random.lognormvariate(2.6, 0.7))))
        text = " ".join(self.random.choices(self.words, cum_weights=self.weights, k=length))
        return f"{text.capitalize()}."

    def messages(self) -> Iterator[tuple[Any, ...]]:
        """The rows of messages, as `world.MESSAGE_COLUMNS`."""
        end = datetime.now(UTC)
        planted = set()
        for pk, place in enumerate(self._places(), 1):
            one, other = self.pairs[place]
            sender, receiver = self.random.sample((one, other), 2)
            content = self.text()
            # Each reader has the rare word at least once.
            if one in (BUSY, QUIET) and one not in planted and pk > self.size // 2:
                planted.add(one)
                content += f" {self.words[RANKS['rare']]}"
            moment = end - timedelta(days=730) * (1 - pk / self.size)
            when = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
            self.last_message[place + 1] = (pk, when)
            yield (
                *(pk, sender, receiver, content, content, HTML_VERSION, when, 0, 1, when),
                *(None, None, place + 1, UUID(int=pk).hex, None, pk, None),
            )
