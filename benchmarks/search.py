"""Measures the search in this process, on its own database: `python -m benchmarks.search`.

The search has data of its own (`search_world`), because the other data repeats two thousand texts.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from itertools import islice, product
from pathlib import Path
from statistics import median
from uuid import uuid4

import django
from django.conf import settings

from benchmarks import search_world
from benchmarks.cases import Case, Request
from benchmarks.measure import Browser, Result, measure_case, server_processes, timed
from benchmarks.search_world import (
    BUSY,
    BUSY_SHARE,
    QUIET,
    QUIET_MESSAGES,
    RANKS,
    SearchWorld,
    word,
)
from benchmarks.world import Landmarks

BATCH = 20_000  # rows written at a time
RATIO, QUERIES = 20, 6
SEND = "Send, with the search index against without"
SEND_RATIO = 1.15  # the most that a send may cost with the index, as a multiple of one without


def build(size: int, folder: Path) -> None:
    """Write the data into this process's database, unless an earlier run has written it."""
    from django.db import connection

    from benchmarks import world_builder
    from benchmarks.world import MESSAGE_COLUMNS
    from messaging.models import Message

    record = folder / "search.json"
    stamp = sha256(
        Path(search_world.__file__).read_bytes() + world_builder.stamp().encode()
    ).hexdigest()
    if record.exists() and json.loads(record.read_text())["stamp"] == stamp:
        return
    print(f"  building {size:,} messages to search on {connection.vendor} ...", end="", flush=True)
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    world_builder.reset_database()
    data = SearchWorld(size)
    with world_builder.bulk_load():
        world_builder.write_people(data)
        messages = data.messages()
        while batch := list(islice(messages, BATCH)):
            world_builder.insert(Message, MESSAGE_COLUMNS, batch)
        world_builder.write_conversations(data)
        print(f" {time.monotonic() - started:.0f} s, indexes ...", end="", flush=True)
    record.write_text(json.dumps({"stamp": stamp}))
    print(f" {time.monotonic() - started:.0f} s", flush=True)


def cases() -> list[Case]:
    readers = {f"{BUSY_SHARE:.0%} of all messages": BUSY, f"{QUIET_MESSAGES} messages": QUIET}
    return [
        Case(
            f"Search, reader with {whose}, {kind} word",
            *(QUERIES, RATIO),
            partial(_request, rank, reader),
            shows="<mark>",
        )
        for (whose, reader), (kind, rank) in product(readers.items(), RANKS.items())
    ]


def _request(rank: int, reader: int, _at: Landmarks) -> Request:
    return Request(f"/search/?q={word(rank)}", reader=reader)


def measure(size: int, seconds: float, only: str = "") -> list[Result]:
    from django.core.wsgi import get_wsgi_application

    build(size, settings.DATA_DIR)
    application = get_wsgi_application()
    browsers = {person: Browser(application, person) for person in (BUSY, QUIET)}
    results = [
        measure_case(case, Landmarks(), browsers, size, seconds)
        for case in cases()
        if only.lower() in case.name.lower()
    ]
    if only.lower() in SEND.lower():
        results.append(measure_sends(browsers[BUSY], size))
    return results


def measure_sends(browser: Browser, size: int, sends: int = 60) -> Result:
    """The cost of a send with the index, as a multiple of the cost without it.

    Ten sends with the index and ten without take turns, so that other load on the machine slows
    both.
    """
    from django.db import connection

    from messaging.models import Message
    from messaging.search import index_of

    index = index_of(connection)
    last = Message.objects.order_by("-pk").values_list("pk", flat=True)[0]
    data = SearchWorld(10_000)
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    browser.send(Request("/inbox/"))  # opens the connection whose work is counted
    servers = server_processes()

    def send() -> tuple[float, float]:
        form = {"content": data.text(), "client_key": str(uuid4())}
        return timed(browser, Request("/c/1/send/", part=True, form=form), servers)

    for number in range(2 * sends // 10):
        with_index = number % 2 == 0
        if not with_index:
            index.drop_triggers(connection)
        send()  # not counted: the first send after a change of tables compiles its SQL again
        times[with_index] += [send() for _ in range(10)]
        if not with_index:
            index.create_triggers(connection)
    newer = Message.objects.filter(pk__gt=last)
    newer.delete()
    (wall, with_it), (_wall, without) = (
        [median(values) for values in zip(*times[with_index], strict=True)]
        for with_index in (True, False)
    )
    ratio = with_it / without  # of the processor time: the disk is equally slow for both
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
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--output", type=Path, help="a file for the results")
    parser.add_argument("--build", action="store_true", help="only build the database")
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
