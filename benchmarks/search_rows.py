"""The made-up world in which messages are looked for: fifty thousand words, used as people use
words, a few all the time and most hardly ever.

One reader has a fifth of all messages, another a few hundred; what they look for is rare, middling,
or in every fifth message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, product
from random import Random
from typing import Any
from uuid import UUID

from messaging.rendering import HTML_VERSION

BUSY, QUIET = 1, 2  # readers, by their ids
BUSY_CONVERSATIONS, BUSY_SHARE = 117, 0.217
QUIET_CONVERSATIONS, QUIET_MESSAGES = 3, 380

VOCABULARY = 50_000
# Places in the vocabulary: in every fifth message, in one of seventy, in one of twenty thousand.
WORDS = {"common": 4, "middling": 100, "rare": 30_000}


def word(place: int) -> str:
    """The word at `place` of the vocabulary, the most used one first."""
    syllables = [one + other for one, other in product("bdfgklmnprstvz", "aeiou")]
    number, letters = place + 7_000, ""
    while number:
        number, syllable = divmod(number, len(syllables))
        letters += syllables[syllable]
    return letters


class SearchWorld:
    """The rows of `size` messages. The same numbers make the same world."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = Random(size)  # noqa: S311
        self.people = 400 + size // 250
        self.words = [word(place) for place in range(VOCABULARY)]
        # Zipf's law, as Mandelbrot put it.
        self.weights = list(accumulate(1 / (place + 2.7) for place in range(1, VOCABULARY + 1)))
        self.pairs = [(BUSY, 10 + n) for n in range(BUSY_CONVERSATIONS)]
        self.pairs += [(QUIET, 10 + n) for n in range(QUIET_CONVERSATIONS)]
        others = {
            tuple(sorted(self.random.sample(range(10, self.people + 1), 2)))
            for _number in range(max(200, size // 50))
        }
        self.pairs += sorted(others)  # type: ignore[arg-type]
        self.last_message: dict[int, tuple[int, str]] = {}

    def _places(self) -> list[int]:
        first_other = BUSY_CONVERSATIONS + QUIET_CONVERSATIONS
        busy = int(self.size * BUSY_SHARE)
        # Among the busy reader's conversations as well a few are much longer than the others.
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
        length = min(300, max(3, int(self.random.lognormvariate(2.6, 0.7))))
        text = " ".join(self.random.choices(self.words, cum_weights=self.weights, k=length))
        return f"{text.capitalize()}."

    def messages(self) -> Iterator[tuple[Any, ...]]:
        """In the order of `rows.MESSAGE_COLUMNS`."""
        end = datetime.now(UTC)
        planted = set()
        for pk, place in enumerate(self._places(), 1):
            one, other = self.pairs[place]
            sender, receiver = self.random.sample((one, other), 2)
            content = self.text()
            # Both readers have it at least once.
            if one in (BUSY, QUIET) and one not in planted and pk > self.size // 2:
                planted.add(one)
                content += f" {self.words[WORDS['rare']]}"
            moment = end - timedelta(days=730) * (1 - pk / self.size)
            when = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
            self.last_message[place + 1] = (pk, when)
            yield (
                *(pk, sender, receiver, content, content, HTML_VERSION, when, 0, 1, when),
                *(None, None, place + 1, UUID(int=pk).hex, pk, None),
            )
