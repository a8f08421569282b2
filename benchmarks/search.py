"""How fast messages are found: `python -m benchmarks.search`, on this process's database.

A world of its own, since the other one repeats two thousand texts: fifty thousand words, used as
people use words, a few all the time and most hardly ever. One reader has a fifth of all messages,
another a few hundred; what they look for is rare, middling, or in every fifth message.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, islice, product
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import django
from django.conf import settings

from benchmarks.cases import Case, Request
from benchmarks.measure import Browser, Result, _timed
from benchmarks.measure import _measure_case as measure_case

BUSY, QUIET = 1, 2  # readers, by their ids
BUSY_CONVERSATIONS, BUSY_SHARE = 117, 0.217
QUIET_CONVERSATIONS, QUIET_MESSAGES = 3, 380

VOCABULARY = 50_000
# Places in the vocabulary: in every fifth message, in one of seventy, in one of twenty thousand.
WORDS = {"common": 4, "middling": 100, "rare": 30_000}
BATCH = 20_000
RATIO, QUERIES = 20, 6
SEND = "Send, with the search index against without"
SEND_RATIO = 1.15  # what a send may cost with the index, measured against none


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

    def _text(self) -> str:
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
            content = self._text()
            # Both readers have it at least once.
            if one in (BUSY, QUIET) and one not in planted and pk > self.size // 2:
                planted.add(one)
                content += f" {self.words[WORDS['rare']]}"
            moment = end - timedelta(days=730) * (1 - pk / self.size)
            when = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
            self.last_message[place + 1] = (pk, when)
            yield (
                *(pk, sender, receiver, content, f"<p>{content}</p>", 1, when, 0, 1, when),
                *(None, None, place + 1, UUID(int=pk).hex, pk, None),
            )


def build(size: int, folder: Path) -> None:
    """Write the world into this process's database, if it is not there already."""
    from django.db import connection

    from benchmarks import build as world_builder
    from benchmarks.rows import MESSAGE_COLUMNS
    from messaging.models import Message

    note = folder / "search.json"
    stamp = sha256(Path(__file__).read_bytes() + world_builder.stamp().encode()).hexdigest()
    if note.exists() and json.loads(note.read_text())["stamp"] == stamp:
        return
    print(f"  building {size:,} messages to search on {connection.vendor} ...", end="", flush=True)
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    world_builder.empty()
    world = SearchWorld(size)
    with world_builder.unguarded():
        world_builder.write_people(world)  # type: ignore[arg-type]
        messages = world.messages()
        while batch := list(islice(messages, BATCH)):
            world_builder.insert(Message, MESSAGE_COLUMNS, batch)
        world_builder.write_conversations(world)  # type: ignore[arg-type]
        print(f" {time.monotonic() - began:.0f} s, indexes ...", end="", flush=True)
    note.write_text(json.dumps({"stamp": stamp}))
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def cases() -> list[Case]:
    readers = {f"{BUSY_SHARE:.0%} of all messages": BUSY, f"{QUIET_MESSAGES} messages": QUIET}
    return [
        Case(
            f"Search, reader with {whose}, {kind} word",
            *(QUERIES, RATIO),
            lambda at, place=place, reader=reader: Request(  # type: ignore[misc]
                f"/search/?q={word(place)}", reader=reader
            ),
            shows="<mark>",
        )
        for (whose, reader), (kind, place) in product(readers.items(), WORDS.items())
    ]


def measure(size: int, seconds: float, only: str = "") -> list[Result]:
    from django.core.wsgi import get_wsgi_application

    build(size, settings.DATA_DIR)
    application = get_wsgi_application()
    browsers = {person: Browser(application, person) for person in (BUSY, QUIET)}
    results = [
        measure_case(case, None, browsers, size, seconds)
        for case in cases()
        if only.lower() in case.name.lower()
    ]
    if only.lower() in SEND.lower():
        results.append(measure_sends(browsers[BUSY], size))
    return results


def measure_sends(browser: Browser, size: int, sends: int = 60) -> Result:
    """What a send costs with the index, against one without it.

    By turns, a few of each, so that whatever else the machine does slows both.
    """
    from django.db import connection

    from messaging.models import Message
    from messaging.search import index_of

    index = index_of(connection)
    last = Message.objects.order_by("-pk").values_list("pk", flat=True)[0]
    world = SearchWorld(10_000)
    took: dict[bool, list[float]] = {True: [], False: []}

    def send() -> float:
        form = {"content": world._text(), "client_key": str(uuid4())}
        return _timed(browser, Request("/c/1/send/", part=True, form=form))[0]

    for number in range(2 * sends // 10):
        with_index = number % 2 == 0
        if not with_index:
            index.drop_triggers(connection)
        send()  # the first one after a change of tables pays for finding that out
        took[with_index] += [send() for _ in range(10)]
        if not with_index:
            index.make_triggers(connection)
    newer = Message.objects.filter(pk__gt=last)
    newer.delete()
    ratio = median(took[True]) / median(took[False])
    return Result(
        case=SEND,
        backend=connection.vendor,
        messages=size,
        queries=0,
        ms=round(1000 * median(took[True]), 2),
        cpu_ms=0,
        ratio=round(ratio, 2),
        kilobytes=0,
        budget_queries=0,
        budget_ratio=SEND_RATIO,
        ok=ratio <= SEND_RATIO,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("messages", type=int)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case")
    parser.add_argument("--only", default="", help="cases whose name has this")
    parser.add_argument("--output", type=Path, help="a file for the results")
    parser.add_argument("--build", action="store_true", help="do no more than build the world")
    options = parser.parse_args()
    django.setup()
    if options.build:
        build(options.messages, settings.DATA_DIR)
        return
    results = measure(options.messages, options.seconds, options.only)
    if options.output:
        options.output.write_text(json.dumps([asdict(result) for result in results]))
        return
    for result in results:
        print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
