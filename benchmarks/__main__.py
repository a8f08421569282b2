"""`make bench`: builds what is missing, measures every case, prints a table, draws the growth.

Exits with 1 when something costs more than its budget.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import search
from benchmarks.cases import CASES, FLOOR
from benchmarks.picture import draw_growth
from benchmarks.table import markdown, print_table
from scripts.what_is_here import postgres_folder
from tests.services_fixture import NotHere, make_database, postgres

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benchmarks" / "data"
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
PICTURE = ROOT / "docs" / "growth.svg"
# The one in the middle is for the picture: two points show no curve.
SIZES = (10_000, 100_000, 1_000_000)
# What results/latest.json has of each measurement, in this order.
KEYS = (
    *("case", "backend", "messages", "queries", "ms", "ratio", "kilobytes"),
    *("budget_queries", "budget_ratio", "ok"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, help="for each case and size")
    parser.add_argument("--only", default="", help="cases whose name has this")
    parser.add_argument("--backend", choices=("sqlite", "postgresql"))
    parser.add_argument(
        "--docs", action="store_true", help="only draw what was measured, and print its table"
    )
    options = parser.parse_args()
    if options.docs:
        known = _keep([])
        draw_growth(known, PICTURE)
        print(markdown(known))
        return 0
    asked = os.environ.get("MESSAGES")
    sizes = (int(asked),) if asked else SIZES
    # Who asks for one size wants to know soon.
    options.seconds = options.seconds or (0.5 if asked else 1.0)
    collect_static_files()
    results: list[dict[str, Any]] = []
    for backend, environment_of in _backends(options.backend):
        for size in sizes:
            print(f"{backend}, {size:,} messages", flush=True)
            results += _measure(environment_of(size), size, options)
            searched = environment_of(f"search-{size}")  # a world of its own
            results += _measure(searched, size, options, "benchmarks.search")
    print_table(results)
    known = _keep([{key: result[key] for key in KEYS} for result in results])
    if sizes == SIZES and not options.only:
        draw_growth(known, PICTURE)
    broken = [result for result in results if not result["ok"]]
    for result in broken:
        print(f"Over budget: {result['case']}, {result['backend']}, {result['messages']:,}")
    return 1 if broken else 0


def _keep(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All that is known, in the order of the cases: `results`, and what other runs have measured.

    A million messages on two databases take a while, and may be measured one after the other.
    """
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    by_place = {_place(result): result for result in (*known, *results)}
    cases = {case.name: case for case in (FLOOR, *CASES, *search.cases())}
    order = {name: number for number, name in enumerate([*cases, search.SEND])}
    kept = [result for result in by_place.values() if result["case"] in order]
    for result in kept:
        if case := cases.get(result["case"]):  # what it was allowed then does not matter any more
            result |= {"budget_queries": case.queries, "budget_ratio": case.ratio}
            within = result["queries"] <= case.queries and result["ratio"] <= case.ratio
            result["ok"] = case is FLOOR or within
    kept.sort(key=lambda result: (order[result["case"]], result["backend"] != "sqlite"))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    return kept


def _place(result: dict[str, Any]) -> tuple[str, str, int]:
    return result["case"], result["backend"], result["messages"]


def _backends(only: str | None) -> Iterator[tuple[str, Any]]:
    """The name of each database there is, and what gives the environment for a size."""
    if only in (None, "sqlite"):
        yield "sqlite", sqlite_environment
    if only in (None, "postgresql"):
        if postgres_folder() is None:
            print("PostgreSQL is left out: it is not on this machine.")
            return
        with kept_postgres() as (folder, address):
            yield "postgresql", lambda size: postgres_environment(folder, address, size)


def sqlite_environment(size: int | str) -> dict[str, str]:
    return environment_in(KEPT / f"sqlite-{size}", "")


def postgres_environment(folder: Path, address: str, size: int | str) -> dict[str, str]:
    url = make_database(address, f"parley_{size}")
    return environment_in(folder / f"postgresql-{size}", url)


@contextmanager
def kept_postgres() -> Iterator[tuple[Path, str]]:
    """Where its worlds are noted, and the address of a PostgreSQL that keeps them between runs."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgres(KEPT / "postgresql", durable=True))
            folder = KEPT
        except NotHere:
            # Whoever PostgreSQL runs as cannot reach this folder: nothing is kept then.
            print("PostgreSQL cannot keep its files here, and builds them anew.")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            address = stack.enter_context(postgres(durable=True))
        yield folder, address


def environment_in(folder: Path, url: str) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(folder),
        "DATABASE_URL": url,
        "CACHE_URL": "",
        "DEBUG": "",
    }


def in_process(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"BENCHMARK_STATIC": str(KEPT / "static")}


def collect_static_files() -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    environment = in_process(environment_in(KEPT / "static", ""))
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def _measure(
    environment: dict[str, str],
    size: int,
    options: argparse.Namespace,
    module: str = "benchmarks.measure",
) -> list[dict]:
    # A process of its own: settings, caches and connections belong to one database.
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "results.json"
        command = [sys.executable, "-m", module, str(size), "--output", str(output)]
        command += ["--seconds", str(options.seconds), "--only", options.only]
        subprocess.run(command, check=True, cwd=ROOT, env=in_process(environment))
        return json.loads(output.read_text())


if __name__ == "__main__":
    sys.exit(main())
