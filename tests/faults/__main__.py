"""`make faults`: the long form of everything here, and a table of what came of it.

Each line is one kind of fault: how often it was tried, how much held, how much was lost. FAULTS
names lines to run, MINUTES ends it early (60): what did not fit is said. Ends with 1 if anything
was lost.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.kills import killed
from tests.services_fixture import NotHere, make_database, postgres

SEED = int(os.environ.get("FAULTS_SEED") or time.time_ns() % 10**6)
LOST = ("lost", "doubled", "untold", "disordered", "broken", "errors")


def by_tests(*arguments: str, tried: int, **environment: str) -> Callable[[], tuple]:
    """A line that is a test, run longer than `make test` does."""

    def run() -> tuple:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *arguments]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(done.stdout[-4000:], flush=True)
        return (tried, tried if done.returncode == 0 else 0, int(done.returncode != 0))

    return run


def on_postgres(run: Callable[[str], tuple]) -> Callable[[], tuple]:
    def there() -> tuple:
        with postgres(durable=True) as server:
            return run(make_database(server, "faults"))

    return there


def kills(times: int, **environment: str) -> tuple:
    found = killed(times, seed=SEED, **environment)
    wrong = sum(found[name] for name in LOST)
    print(f"    {dict(found)}", flush=True)
    return (times, found["acknowledged"], wrong)


def lines(scale: float) -> Iterator[tuple[str, Callable[[], tuple]]]:
    """Name and way of each line. `scale` is 1 for the whole of it."""

    def often(times: int) -> int:
        return max(1, int(times * scale))

    edits, requests, runs = often(1000), often(20_000), often(2000)
    yield (
        "edited by two at once, SQLite",
        by_tests("tests/faults/test_edits.py", tried=edits, EDIT_ROUNDS=str(edits)),
    )
    yield (
        "edited by two at once, PostgreSQL",
        on_postgres(
            lambda address: by_tests(
                "tests/faults/test_edits.py",
                tried=edits,
                EDIT_ROUNDS=str(edits),
                DATABASE_URL=address,
            )()
        ),
    )
    changes, fewer = often(5000), often(1500)
    truth = ("tests/live/test_truth.py", "-k", "in_the_end")
    yield (
        "open pages come to show what is true, SQLite",
        by_tests(*truth, tried=changes, LIVE_CHANGES=str(changes)),
    )
    yield (
        "open pages come to show what is true, PostgreSQL",
        on_postgres(
            lambda address: by_tests(
                *truth, tried=fewer, LIVE_CHANGES=str(fewer), DATABASE_URL=address
            )()
        ),
    )
    yield "kill -9 under eight writers, SQLite", lambda: kills(often(500))
    yield (
        "kill -9 under eight writers, PostgreSQL",
        on_postgres(lambda address: kills(often(50), DATABASE_URL=address)),
    )
    yield "sync, full disk, locked database", by_tests("tests/faults/test_disk.py", tried=3)
    yield "backup while people write", by_tests("tests/faults/test_backup.py", tried=2)
    yield (
        "eight people crosswise, PostgreSQL",
        on_postgres(
            lambda address: by_tests(
                "tests/faults/test_crosswise.py",
                tried=often(500) * 8,
                CROSSWISE_STEPS=str(often(500)),
                DATABASE_URL=address,
            )()
        ),
    )
    yield (
        "requests that nobody sends",
        by_tests("tests/faults/test_fuzz.py", tried=requests, FUZZ_REQUESTS=str(requests)),
    )
    yield (
        "runs of 60 steps beside a model",
        by_tests("tests/faults/test_model.py", tried=runs, MODEL_RUNS=str(runs), MODEL_STEPS="60"),
    )


def main() -> int:
    """Run every line that fits, print the table; 1 if anything was lost."""
    end = time.monotonic() + 60 * float(os.environ.get("MINUTES", "60"))
    wanted = [word for word in os.environ.get("FAULTS", "").split(";") if word]
    found, lost = [], 0
    print(f"seed {SEED}", flush=True)
    for name, run in lines(float(os.environ.get("SCALE", "1"))):
        if wanted and not any(word in name for word in wanted):
            continue
        if time.monotonic() > end:
            found.append((name, "-", "-", "not run: no time left", "-"))
            continue
        print(name, flush=True)
        began = time.monotonic()
        try:
            tried, held, wrong = run()
        except NotHere as missing:
            found.append((name, "-", "-", f"not run: no {missing}", "-"))
            continue
        lost += wrong
        found.append((name, tried, held, wrong, f"{time.monotonic() - began:.0f} s"))
    print(table(found), flush=True)
    if target := os.environ.get("FAULTS_TABLE"):
        Path(target).write_text(table(found) + "\n")
    return 1 if lost else 0


def table(found: list[tuple]) -> str:
    head = "| Fault | Tried | Held | Lost | Took |\n|---|---|---|---|---|"
    return "\n".join([head, *(f"| {' | '.join(map(str, row))} |" for row in found)])


if __name__ == "__main__":
    sys.exit(main())
