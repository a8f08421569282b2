"""`make bench-load`: drives the real server with wrk, and sixteen senders against SQLite.

Prints, with one process and with two: requests a second, the time half of them and all but one in
a hundred took, errors, memory, beside a bare signed-in view. Exits with 1 after an error.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.__main__ import ROOT, sqlite_environment
from tests.services_fixture import free_port

CONNECTIONS = 16
SENDERS = 16
SCRIPT = ROOT / "benchmarks" / "load.lua"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=15, help="for each line of the table")
    options = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not on this machine (on Debian or Ubuntu: apt-get install wrk).")
        return 2
    size = int(os.environ.get("MESSAGES") or 1_000_000)
    environment = sqlite_environment(size)
    people = json.loads(_python("people", environment, str(size)))
    print(f"SQLite, {size:,} messages, {CONNECTIONS} connections, {len(people)} people")
    print(_line("", "requests/s", "p50 ms", "p99 ms", "errors", "memory MB"))
    failed = False
    for workers in (1, 2):
        with _server(environment, workers) as (address, process):
            for mix, name in NAMES.items():
                result = _drive(wrk, address, mix, people, options.seconds)
                errors = result["refused"] + result["broken"]
                failed |= errors > 0
                print(
                    _line(
                        f"{workers} process{'es' if workers > 1 else ''}, {name}",
                        f"{result['requests'] / result['seconds']:.0f}",
                        f"{result['p50']:.1f}",
                        f"{result['p99']:.1f}",
                        str(errors),
                        f"{_memory(process) / 1024:.0f}",
                    ),
                    flush=True,
                )
    print()
    sent = json.loads(_python("senders", environment, str(options.seconds)))
    raw = _raw_commits(options.seconds)
    print(f"{SENDERS} senders at once in one process: {sent['commits']:.0f} messages a second")
    print(f"The same with bare sqlite3, one row each: {raw:.0f} commits a second")
    print("Errors:", ", ".join(sent["errors"]) or "none")
    return 1 if failed or sent["errors"] else 0


NAMES = {"floor": "bare signed-in view", "pages": "70 pages, 20 inbox, 10 sends", "sends": "sends"}


def _line(*cells: str) -> str:
    return cells[0].ljust(42) + "".join(cell.rjust(12) for cell in cells[1:])


def _python(task: str, environment: dict[str, str], *arguments: str) -> str:
    """What a task of this module, in a process with Django's settings, says last."""
    command = [sys.executable, "-m", "benchmarks.load_tasks", task, *arguments]
    run = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return run.stdout.strip().splitlines()[-1]


@contextmanager
def _server(environment: dict[str, str], workers: int) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of Parley as `make run` starts it, and its first process."""
    port = free_port()
    environment = environment | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", process)
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen) -> None:
    last = time.monotonic() + 120  # the first start compresses static files
    while process.poll() is None and time.monotonic() < last:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise RuntimeError("The server did not start.")


def _drive(
    wrk: str, address: str, mix: str, people: list[tuple[str, int]], seconds: int
) -> dict[str, Any]:
    who = [f"{session}:{conversation}" for session, conversation in people]
    command = [wrk, "-t2", f"-c{CONNECTIONS}", "--timeout", "20s", "-s", str(SCRIPT)]
    # Once round without counting: templates are compiled, connections opened.
    warm = subprocess.run([*command, "-d2s", address, "--", mix, *who], capture_output=True)
    warm.check_returncode()
    run = subprocess.run(
        [*command, f"-d{seconds}s", address, "--", mix, *who],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout.strip().splitlines()[-1])


def _memory(process: subprocess.Popen) -> int:
    """KiB that the server's processes hold: what they share counts once for each."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,rss="], capture_output=True, text=True)
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    family = {process.pid}
    for _generation in range(3):
        family |= {pid for pid, parent, _rss in rows if parent in family}
    return sum(rss for pid, _parent, rss in rows if pid in family)


def _raw_commits(seconds: int) -> float:
    """Commits a second of as many threads with nothing but sqlite3, and the server's pragmas."""
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "data") as folder:
        path = Path(folder) / "raw.sqlite3"
        _raw_connection(path).execute("CREATE TABLE message (id INTEGER PRIMARY KEY, content)")
        counts = [0] * SENDERS
        last = time.monotonic() + seconds

        def write(place: int) -> None:
            connection = _raw_connection(path)
            while time.monotonic() < last:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO message (content) VALUES (?)", [str(uuid4())])
                connection.execute("COMMIT")
                counts[place] += 1
            connection.close()

        threads = [threading.Thread(target=write, args=[place]) for place in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / seconds


def _raw_connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


if __name__ == "__main__":
    sys.exit(main())
