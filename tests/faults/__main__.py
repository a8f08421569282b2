"""`make faults`: runs the long form of the tests here, and prints a table of the results.

Each line is one kind of fault, tried by a test: how often, how much held, and whether anything was
lost. FAULTS chooses lines, SCALE reduces each of them, and MINUTES limits the whole run (60). Each
line has a share of that time. A line that is not done by then ends early, and the table says so.
The model, which needs much processor time, runs beside the other lines, which mostly wait. Exits
with 1 if anything was lost.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.faults.rounds import reported
from tests.services_fixture import NotHere, make_database, postgres

SEED = os.environ.get("FAULTS_SEED") or str(time.time_ns() % 10**6)
TRUTH = "../live/test_truth.py"
NOT_RUN = "not run"
GRACE = 60.0  # seconds in which a test checks what is stored, after its rounds


@dataclass
class Line:
    """A fault: the tests that try it, how often, and how many minutes of an hour they may take.

    The tests read `times` from the variable named `often`. Without one, `times` is their default.
    """

    name: str
    tests: str
    minutes: float
    times: int
    often: str = ""
    on_postgres: bool = False
    also: tuple[tuple[str, str], ...] = ()
    beside: bool = False  # runs beside the others


stopped = threading.Event()  # by Ctrl-C

STEPS = (("MODEL_STEPS", "60"),)
LINES = (
    Line("sent once by two processes, SQLite", "test_sent_once.py", 3, 1000, "SENDS"),
    Line("sent once by two processes, PostgreSQL", "test_sent_once.py", 3, 1000, "SENDS", True),
    Line("edited by two at once, SQLite", "test_edits.py -k version", 1.5, 1000, "EDIT_ROUNDS"),
    Line(
        "edited by two at once, PostgreSQL",
        "test_edits.py -k version",
        1.5,
        1000,
        "EDIT_ROUNDS",
        on_postgres=True,
    ),
    Line("open pages are true, SQLite", f"{TRUTH} -k in_the_end", 5, 5000, "LIVE_CHANGES"),
    Line(
        "open pages are true, PostgreSQL", f"{TRUTH} -k in_the_end", 3, 1500, "LIVE_CHANGES", True
    ),
    Line(
        "kill -9 under eight writers, SQLite",
        "test_kills.py -k when_the_server_is_killed",
        7,
        500,
        "KILLS",
    ),
    Line(
        "kill -9 under eight writers, PostgreSQL",
        "test_kills.py -k of_a_postgresql",
        11,
        500,
        "CRASHES",
    ),
    Line(
        "PostgreSQL ends at once under eight writers",
        "test_kills.py -k ends_at_once",
        3,
        50,
        "CRASHES",
    ),
    Line(
        "an account of 100,000 messages deleted while four write",
        "test_deleted.py",
        5,
        100_000,
        "DELETED_MESSAGES",
    ),
    Line("sync, full disk, locked database, cut off", "test_disk.py", 1, 4),
    Line("backup while people write", "test_backup.py", 1, 3),
    Line(
        "rolling restart under load",
        "../scaled_out/test_scaled_out.py -k rolling",
        4,
        10,
        "ROLLING_RESTARTS",
    ),
    Line(
        "steps of eight people crosswise, PostgreSQL",
        "test_crosswise.py",
        2,
        4000,
        "CROSSWISE_STEPS",
        on_postgres=True,
    ),
    Line("requests that nobody sends", "test_fuzz.py", 3, 20_000, "FUZZ_REQUESTS"),
    Line("runs of 60 steps beside a model", "test_model.py", 7, 200, "MODEL_RUNS", also=STEPS),
    Line(
        "runs of 60 steps beside a model, on a core of their own",
        "test_model.py",
        60,
        1800,
        "MODEL_RUNS",
        also=STEPS,
        beside=True,
    ),
)


def run(line: Line, times: int, until: float) -> tuple[str, str, str]:
    """Run the tests of a line until `until`. Returns what was tried, held and lost, in words.

    Raises:
        NotHere: a program is missing.
    """
    where, *choice = line.tests.split()
    command = [sys.executable, "-m", "pytest", "-qs", "--show-capture=no", "-p", "no:randomly"]
    command += [f"tests/faults/{where}", *choice]
    with ExitStack() as there:
        folder = Path(there.enter_context(tempfile.TemporaryDirectory(prefix="parley-faults-")))
        environment = os.environ | dict(line.also) | {"FAULTS_SEED": SEED, "FUZZ_SEED": SEED}
        environment |= {"FAULTS_END": str(until), "FAULTS_REPORT": str(folder / "report")}
        environment |= {line.often: str(times)} if line.often else {}
        if line.on_postgres:
            server = there.enter_context(postgres(durable=True))
            environment["DATABASE_URL"] = make_database(server, "faults")
        status, output = run_command(command, environment, until + GRACE - time.time())
        figures = reported(folder / "report")
    tried = figures.get("tried", times if line.times == times or not line.often else 0)
    held = figures.get("held", tried)
    if status is None:
        return f"{tried}, then stopped", "-", "not known: it did not end"
    if status:
        print(output[-4000:], flush=True)
        return str(tried), "-", "YES"
    if " skipped" in output and " passed" not in output:
        raise NotHere(output.strip().splitlines()[-1])
    for row in output.splitlines():
        if row.startswith("{"):
            print(f"    {row}", flush=True)
    short = f" of {times}: its time was over" if tried < times else ""
    return f"{tried}{short}", str(held), "0"


def run_command(command: list[str], environment: dict[str, str], seconds: float) -> tuple:
    """The exit status of a command, or None if it had to be stopped; and its output."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that everything it starts can be stopped with it
        )
        end, status = time.monotonic() + max(seconds, 1), None
        try:
            while status is None and time.monotonic() < end and not stopped.wait(0.1):
                status = process.poll()
        finally:
            if process.poll() is None:
                process.send_signal(
                    signal.SIGINT
                )  # pytest stops its servers and prints where it was
                try:
                    process.wait(GRACE / 2)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        output.seek(0)
        return status, output.read()


def main() -> int:
    """Run the lines and print the table. Returns 1 if anything was lost."""
    # A shell in the background ignores SIGINT, and children inherit that; lines are ended by SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The last line may need the time after its rounds.
    end = time.time() + 60 * float(os.environ.get("MINUTES", "60")) - 1.5 * GRACE
    wanted = [word for word in os.environ.get("FAULTS", "").split(";") if word]
    lines = [one for one in LINES if not wanted or any(word in one.name for word in wanted)]
    print(f"seed {SEED}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        lanes = [[one for one in lines if one.beside is beside] for beside in (False, True)]
        running = [pool.submit(run_lane, lane, end) for lane in lanes]
        try:
            found = [row for lane in running for row in lane.result()]
        except BaseException:
            stopped.set()
            raise
    print(table(found), flush=True)
    if target := os.environ.get("FAULTS_TABLE"):
        Path(target).write_text(table(found) + "\n")
    return int(
        any(wrong not in ("0", "-") and not wrong.startswith(NOT_RUN) for *_, wrong, _ in found)
    )


def run_lane(waiting: list[Line], end: float) -> list[tuple[str, ...]]:
    """Run lines one after the other until `end`, each for its share. Returns the rows of the table."""
    scale = float(os.environ.get("SCALE", "1"))
    found: list[tuple[str, ...]] = []
    for place, line in enumerate(waiting):
        began = time.time()
        share = (end - began) * line.minutes / sum(one.minutes for one in waiting[place:])
        if share < 5 or stopped.is_set():
            found.append((line.name, "-", "-", f"{NOT_RUN}: no time left", "-"))
            continue
        print(line.name, flush=True)
        times = max(1, int(line.times * scale)) if line.often else line.times
        try:
            tried, held, wrong = run(line, times, began + share)
        except NotHere as missing:
            found.append((line.name, "-", "-", f"{NOT_RUN}: {missing}", "-"))
            continue
        found.append((line.name, tried, held, wrong, f"{time.time() - began:.0f} s"))
        print(f"    {found[-1]}", flush=True)
    return found


def table(found: list[tuple]) -> str:
    head = "| Fault | Tried | Held | Lost | Took |\n|---|---|---|---|---|"
    return "\n".join([head, *(f"| {' | '.join(map(str, row))} |" for row in found)])


if __name__ == "__main__":
    sys.exit(main())
