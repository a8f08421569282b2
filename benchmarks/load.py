"""`make bench-load`: measures the real server under the load of wrk, and sixteen senders on SQLite.

Prints, for one process and for two: requests a second, the median and the 99th percentile of their
times, errors and memory, beside those of the floor. Exits with 1 after an error.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.__main__ import DATA, sqlite_environment
from benchmarks.server import ROOT, Process, parley_server

CONNECTIONS = 16
SENDERS = 16
SCRIPT = ROOT / "benchmarks" / "load.lua"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--seconds", type=int, default=15, help="for each row of the table")
    options = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed (on Debian or Ubuntu: apt-get install wrk).")
        return 2
    size = int(os.environ.get("MESSAGES") or 1_000_000)
    environment = sqlite_environment(size)
    people = json.loads(_run_task("people", environment, str(size)))
    print(f"SQLite, {size:,} messages, {CONNECTIONS} connections, {len(people)} people")
    print(_line("", "requests/s", "p50 ms", "p99 ms", "errors", "memory MB"))
    failed = False
    for workers in (1, 2):
        with parley_server(environment | {"WEB_CONCURRENCY": str(workers)}) as (port, process):
            address = f"http://127.0.0.1:{port}"
            for mix, name in NAMES.items():
                result = _run_wrk(wrk, address, mix, people, options.seconds)
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
    sent = json.loads(_run_task("senders", environment, str(options.seconds)))
    raw = _raw_commits(options.seconds)
    print(f"{SENDERS} senders at once in one process: {sent['commits']:.0f} messages a second")
    print(f"The same with bare sqlite3, one row each: {raw:.0f} commits a second")
    print("Errors:", ", ".join(sent["errors"]) or "none")
    return 1 if failed or sent["errors"] else 0


# The mixes of requests that load.lua knows.
NAMES = {"floor": "bare signed-in view", "pages": "70 pages, 20 inbox, 10 sends", "sends": "sends"}


def _line(*cells: str) -> str:
    return cells[0].ljust(42) + "".join(cell.rjust(12) for cell in cells[1:])


def _run_task(task: str, environment: dict[str, str], *arguments: str) -> str:
    """The last line that a task of `load_tasks` prints."""
    command = [sys.executable, "-m", "benchmarks.load_tasks", task, *arguments]
    run = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return run.stdout.strip().splitlines()[-1]


def _run_wrk(
    wrk: str, address: str, mix: str, people: list[tuple[str, int]], seconds: int
) -> dict[str, Any]:
    who = [f"{session}:{conversation}" for session, conversation in people]
    command = [wrk, "-t2", f"-c{CONNECTIONS}", "--timeout", "20s", "-s", str(SCRIPT)]
    # A first run that does not count: the server compiles templates and opens connections.
    warm_up = subprocess.run([*command, "-d2s", address, "--", mix, *who], capture_output=True)
    warm_up.check_returncode()
    run = subprocess.run(
        [*command, f"-d{seconds}s", address, "--", mix, *who],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return result


def _memory(process: Process) -> int:
    """The memory of the server's processes in KiB. Shared memory counts once for each process."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,rss="], capture_output=True, text=True)
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    family = {process.pid}
    for _generation in range(3):
        family |= {pid for pid, parent, _rss in rows if parent in family}
    return sum(rss for pid, _parent, rss in rows if pid in family)


def _raw_commits(seconds: int) -> float:
    """Commits a second of as many threads that use sqlite3 alone, with the pragmas of the server."""
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        path = Path(folder) / "raw.sqlite3"
        _raw_connection(path).execute("CREATE TABLE message (id INTEGER PRIMARY KEY, content)")
        counts = [0] * SENDERS
        end = time.monotonic() + seconds

        def write(number: int) -> None:
            connection = _raw_connection(path)
            while time.monotonic() < end:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO message (content) VALUES (?)", [str(uuid4())])
                connection.execute("COMMIT")
                counts[number] += 1
            connection.close()

        threads = [threading.Thread(target=write, args=[number]) for number in range(SENDERS)]
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
