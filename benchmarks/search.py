"""How fast messages are found: `python -m benchmarks.search`, on this process's database.

A world of its own (`search_rows`), since the other one repeats two thousand texts.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from hashlib import sha256
from itertools import islice, product
from pathlib import Path
from statistics import median
from uuid import uuid4

import django
from django.conf import settings

from benchmarks import search_rows
from benchmarks.cases import Case, Request
from benchmarks.measure import Browser, Result, measure_case, server_processes, timed
from benchmarks.search_rows import (
    BUSY,
    BUSY_SHARE,
    QUIET,
    QUIET_MESSAGES,
    WORDS,
    SearchWorld,
    word,
)

BATCH = 20_000
RATIO, QUERIES = 20, 6
SEND = "Send, with the search index against without"
SEND_RATIO = 1.15  # what a send may cost with the index, measured against none


def build(size: int, folder: Path) -> None:
    """Write the world into this process's database, if it is not there already."""
    from django.db import connection

    from benchmarks import build as world_builder
    from benchmarks.rows import MESSAGE_COLUMNS
    from messaging.models import Message

    note = folder / "search.json"
    stamp = sha256(
        Path(search_rows.__file__).read_bytes() + world_builder.stamp().encode()
    ).hexdigest()
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
    took: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    browser.ask(Request("/inbox/"))  # premise: there is a connection whose work can be counted
    servers = server_processes()

    def send() -> tuple[float, float]:
        form = {"content": world.text(), "client_key": str(uuid4())}
        return timed(browser, Request("/c/1/send/", part=True, form=form), servers)

    for number in range(2 * sends // 10):
        with_index = number % 2 == 0
        if not with_index:
            index.drop_triggers(connection)
        send()  # the first one after a change of tables pays for finding that out
        took[with_index] += [send() for _ in range(10)]
        if not with_index:
            index.create_triggers(connection)
    newer = Message.objects.filter(pk__gt=last)
    newer.delete()
    (wall, with_it), (_wall, without) = (
        [median(times) for times in zip(*took[there], strict=True)] for there in (True, False)
    )
    ratio = with_it / without  # of work, as everywhere: the disk is as slow for both
    return Result(
        case=SEND,
        backend=connection.vendor,
        messages=size,
        queries=0,
        ms=round(1000 * wall, 2),
        cpu_ms=round(1000 * with_it, 2),
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
