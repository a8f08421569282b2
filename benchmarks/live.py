"""`make bench-live`: measures what open windows cost, and how soon events reach them.

For each bus and each number of idle streams: memory and processor time of the server, threads,
connections to the database; the time from sending a message to the event in the receiver's window,
at 40 and 100 messages a second; and the time of a page meanwhile. The streams belong to different
people, and all connections come from this process. The floor is an ASGI application of ten lines
that holds streams and does nothing else, on the same server program.

The results are saved in benchmarks/results/live.json, so that the parts can be measured in several
runs (`--only redis --streams 1000`). The table shows all saved results.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.server import (
    ROOT,
    Process,
    parley_server,
    processor_seconds,
    running_server,
)
from tests.services_fixture import NotHere, free_port, make_database, postgres, redis_cache

RATES = (40, 100)  # messages a second
PAGES = 150  # loaded for each row of the table
VERSION = re.compile(rb"data: (\d+)\n\n")

RESULTS = ROOT / "benchmarks" / "results" / "live.json"
BUSES = ("floor", "sqlite", "redis", "postgresql")
# Streams that are open before memory is measured: the first ones cost more than the others.
FIRST = 100

HEADINGS = {
    "threads": "threads",
    "connections": "DB conn.",
    "each": "KB each",
    "idle": "idle CPU %",
    **{f"{part} {rate}": f"{part} at {rate}/s" for rate in RATES for part in ("p50", "p99")},
    "alone": "page ms",
    "beside": "with streams",
    "ratio": "ratio",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--seconds", type=int, default=15, help="for each rate")
    parser.add_argument("--streams", type=int, nargs="*", default=[1_000, 5_000])
    parser.add_argument("--only", choices=BUSES, help="measure only this bus, or the floor")
    options = parser.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in [options.only] if options.only else BUSES:
        for number in options.streams:
            try:
                found = (
                    _measure_floor(number)
                    if name == "floor"
                    else _measure_bus(name, number, options.seconds)
                )
            except NotHere as missing:
                print(f"{name} is not measured: {missing} is not available.", file=sys.stderr)
                break
            results[f"{name} {number}"] = found
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=1))
    print(_table(results))
    return 0


def _table(results: dict[str, dict[str, Any]]) -> str:
    lines = ["| bus | streams | " + " | ".join(HEADINGS.values()) + " |"]
    lines.append("|---|" + "--:|" * (len(HEADINGS) + 1))
    order = [(name, int(number)) for name, number in (key.split() for key in results)]
    for name, number in sorted(order, key=lambda one: (BUSES.index(one[0]), one[1])):
        found = results[f"{name} {number}"]
        cells = [name, f"{number:,}", *(str(found.get(key, "")) for key in HEADINGS)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _measure_floor(number: int) -> dict[str, Any]:
    command = ["-m", "uvicorn", "benchmarks.live_floor:application", "--log-level", "error"]
    port = free_port()
    with running_server([*command, "--port", str(port)], port, dict(os.environ)) as process:
        return asyncio.run(_measure_idle(port, process, ["nobody"] * number))


async def _measure_idle(port: int, process: Process, sessions: list[str]) -> dict[str, Any]:
    async with _open_windows(port, process, sessions) as (_windows, found):
        return found


def _measure_bus(name: str, number: int, seconds: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "a key for measurements, and for nothing else",
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "CACHE_URL": "",
            "LIVE_BUS": name,
            "LOG_LEVEL": "ERROR",
            # A worker would use processor time of its own.
            "WORKER": "0",
        }
        address = ""
        if name == "redis":
            environment["CACHE_URL"] = stack.enter_context(redis_cache())
        if name == "postgresql":
            address = make_database(stack.enter_context(postgres(durable=True)), "parley")
            environment["DATABASE_URL"] = address
        people = json.loads(_run_task(environment, "prepare", str(number)))
        with parley_server(environment) as (port, process):
            return asyncio.run(_measure(environment, address, port, process, people, seconds))


def _run_task(environment: dict[str, str], *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.live_tasks", *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return run.stdout.strip().splitlines()[-1]


class Window(asyncio.Protocol):
    """The browser's end of a stream. It records each version with the time of its event."""

    def __init__(self, session: str, opened: asyncio.Semaphore) -> None:
        self.session, self.opened = session, opened
        self.versions: list[tuple[int, float]] = []
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        request = (
            f"GET /live/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={self.session}\r\n\r\n"
        )
        transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        for found in VERSION.findall(data):
            if not self.versions:
                self.opened.release()
            self.versions.append((int(found), now))


@asynccontextmanager
async def _open_windows(
    port: int, process: Process, sessions: list[str]
) -> AsyncIterator[tuple[list[Window], dict[str, Any]]]:
    """A window for each session, and what the streams cost while nothing happens."""
    loop = asyncio.get_running_loop()
    opened = asyncio.Semaphore(0)
    windows: list[Window] = []
    try:
        for number, session in enumerate(sessions):
            if number == FIRST:
                await asyncio.sleep(5)
                before = _memory(process.pid)
            _transport, window = await loop.create_connection(
                partial(Window, session, opened), "127.0.0.1", port
            )
            windows.append(window)
            # One after the other: otherwise all requests would wait in the server at once, and
            # the measured memory would include that of waiting requests.
            await asyncio.wait_for(opened.acquire(), 120)
        await asyncio.sleep(5)
        each = (_memory(process.pid) - before) / (len(sessions) - FIRST)
        used = processor_seconds(process.pid)
        await asyncio.sleep(10)
        yield (
            windows,
            {
                "threads": len(os.listdir(f"/proc/{process.pid}/task")),
                "each": f"{each:.1f}",
                "idle": f"{(processor_seconds(process.pid) - used) / 10 * 100:.1f}",
            },
        )
    finally:
        for window in windows:
            window.transport.abort()


async def _measure(
    environment: dict[str, str],
    address: str,
    port: int,
    process: Process,
    people: list[tuple[int, str, int]],
    seconds: int,
) -> dict[str, Any]:
    """The cells of one row of the table."""
    loop = asyncio.get_running_loop()
    _pk, session, conversation = people[0]
    page = f"/c/{conversation}/"
    alone = sorted(await loop.run_in_executor(None, _page_times, port, session, page))
    sessions = [its_session for _pk, its_session, _conversation in people]
    async with _open_windows(port, process, sessions) as (all_windows, found):
        pks = (pk for pk, _session, _conversation in people)
        windows = dict(zip(pks, all_windows, strict=True))
        found["connections"] = _database_connections(process.pid, address)
        for rate in RATES:
            sender = loop.run_in_executor(
                None, _run_task, environment, "send", str(rate), str(seconds), str(len(people))
            )
            sent = json.loads(await sender)
            await asyncio.sleep(4)
            delays = sorted(_delays(windows, sent))
            found[f"p50 {rate}"] = f"{_percentile(delays, 0.5):.0f}"
            found[f"p99 {rate}"] = f"{_percentile(delays, 0.99):.0f}"
            if len(delays) < len(sent):
                found[f"p99 {rate}"] += f" ({len(sent) - len(delays)} lost)"
            if len(sent) < rate * seconds * 0.95:
                found[f"p50 {rate}"] += f" ({len(sent) / seconds:.0f}/s)"
        beside = sorted(await loop.run_in_executor(None, _page_times, port, session, page))
    return found | {
        "alone": f"{_percentile(alone, 0.5):.1f}",
        "beside": f"{_percentile(beside, 0.5):.1f}",
        "ratio": f"{_percentile(beside, 0.5) / _percentile(alone, 0.5):.2f}",
    }


def _delays(windows: dict[int, Window], sent: list[tuple[int, int, float]]) -> Iterator[float]:
    """The milliseconds from sending each message to the first event that includes it."""
    for pk, version, started in sent:
        for seen, when in windows[pk].versions:
            if seen >= version:
                yield (when - started) * 1000
                break


def _percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the sorted `values` lie; NaN if there are none."""
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def _page_times(port: int, session: str, page: str) -> list[float]:
    """The milliseconds that the page of a conversation took, for each load after the first ten."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times = []
    for _ in range(PAGES):
        started = time.perf_counter()
        connection.request("GET", page, headers={"Cookie": f"sessionid={session}"})
        response = connection.getresponse()
        response.read()
        times.append((time.perf_counter() - started) * 1000)
        if response.status != 200:
            raise RuntimeError(f"The status of {page} is {response.status}.")
    connection.close()
    return times[10:]


def _memory(pid: int) -> float:
    """The memory in KiB that the process shares with no other process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def _database_connections(pid: int, address: str) -> int:
    if address:
        with psycopg.connect(address, autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
            return int(row[0]) if row else 0
    files = Path(f"/proc/{pid}/fd")
    targets = [os.readlink(files / name) for name in os.listdir(files)]
    return sum(target.endswith(".sqlite3") for target in targets)


if __name__ == "__main__":
    sys.exit(main())
