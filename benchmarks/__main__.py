"""`make bench`: builds the databases, measures every case, prints a table and draws a chart.

A database that an earlier run built is used again. Exits with 1 if a case exceeds its budget.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks import search, second_start
from benchmarks.cases import CASES, FLOOR
from benchmarks.growth_chart import draw_growth
from benchmarks.server import ROOT
from benchmarks.table import markdown, print_table
from scripts.installed_programs import postgres_folder
from tests.services_fixture import NotHere, make_database, postgres

DATA = ROOT / "benchmarks" / "data"
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
CHART = ROOT / "docs" / "growth.svg"
# The size in the middle is for the chart: two points show no curve.
SIZES = (10_000, 100_000, 1_000_000)
# The values of a result that results/latest.json holds, in this order.
KEYS = (
    *("case", "backend", "messages", "queries", "ms", "ratio", "kilobytes"),
    *("budget_queries", "budget_ratio", "ok"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, help="for each case and size")
    parser.add_argument("--only", default="", help="measure only cases whose name contains this")
    parser.add_argument("--backend", choices=("sqlite", "postgresql"))
    parser.add_argument(
        "--docs", action="store_true", help="measure nothing: draw and print the known results"
    )
    options = parser.parse_args()
    if options.docs:
        known = _save([])
        _draw(known)
        print(markdown(known))
        return 0
    asked = os.environ.get("MESSAGES")
    sizes = (int(asked),) if asked else SIZES
    # A person who asks for one size wants a quick answer.
    options.seconds = options.seconds or (0.5 if asked else 1.0)
    collect_static_files()
    results: list[dict[str, Any]] = []
    for backend, environment_of in _backends(options.backend):
        for size in sizes:
            print(f"{backend}, {size:,} messages", flush=True)
            environment = environment_of(size)
            results += _measure(environment, size, options)
            # The search has data of its own.
            results += _measure(
                environment_of(f"search-{size}"), size, options, "benchmarks.search"
            )
            if options.only.lower() in second_start.CASE.lower():
                results.append(second_start.measure(in_process(environment), backend, size))
    print_table(results)
    known = _save([{key: result[key] for key in KEYS} for result in results])
    if sizes == SIZES and not options.only:
        _draw(known)
    over_budget = [result for result in results if not result["ok"]]
    for result in over_budget:
        print(f"Over budget: {result['case']}, {result['backend']}, {result['messages']:,}")
    return 1 if over_budget else 0


def _draw(results: list[dict[str, Any]]) -> None:
    # A start is measured in seconds, and the chart shows multiples of the floor.
    draw_growth([one for one in results if one["case"] != second_start.CASE], CHART)


def _save(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Save `results` beside those of other runs. Returns all results, in the order of the cases.

    A million messages on two databases take long: the parts can be measured in several runs.
    """
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    by_key = {_key(result): result for result in (*known, *results)}
    cases = {case.name: case for case in (FLOOR, *CASES, *search.cases())}
    names = [*cases, search.SEND, second_start.CASE]
    order = {name: number for number, name in enumerate(names)}
    saved = [result for result in by_key.values() if result["case"] in order]
    for result in saved:
        if case := cases.get(result["case"]):  # the budget of today replaces the one of that run
            result |= {"budget_queries": case.queries, "budget_ratio": case.ratio}
            within = result["queries"] <= case.queries and result["ratio"] <= case.ratio
            result["ok"] = case is FLOOR or within
    saved.sort(key=lambda result: (order[result["case"]], result["backend"] != "sqlite"))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(saved, indent=1) + "\n")
    return saved


def _key(result: dict[str, Any]) -> tuple[str, str, int]:
    return result["case"], result["backend"], result["messages"]


EnvironmentOf = Callable[[int | str], dict[str, str]]


def _backends(only: str | None) -> Iterator[tuple[str, EnvironmentOf]]:
    """The name of each database on this machine, and a function that makes the environment of a
    process for a size.
    """
    if only in (None, "sqlite"):
        yield "sqlite", sqlite_environment
    if only in (None, "postgresql"):
        if postgres_folder() is None:
            print("PostgreSQL is not installed: it is not measured.")
            return
        with lasting_postgres() as (folder, address):
            yield "postgresql", lambda size: postgres_environment(folder, address, size)


def sqlite_environment(size: int | str) -> dict[str, str]:
    return environment_in(DATA / f"sqlite-{size}", "")


def postgres_environment(folder: Path, address: str, size: int | str) -> dict[str, str]:
    url = make_database(address, f"parley_{size}")
    return environment_in(folder / f"postgresql-{size}", url)


@contextmanager
def lasting_postgres() -> Iterator[tuple[Path, str]]:
    """The address of a PostgreSQL whose data lasts from run to run, and the folder for records of
    what its databases hold.
    """
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgres(DATA / "postgresql", durable=True))
            folder = DATA
        except NotHere:
            # PostgreSQL runs as a user that cannot reach this folder.
            print(f"PostgreSQL cannot use {DATA}: its databases are built again in each run.")
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
    return environment | {"BENCHMARK_STATIC": str(DATA / "static")}


def collect_static_files() -> None:
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    environment = in_process(environment_in(DATA / "static", ""))
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def _measure(
    environment: dict[str, str],
    size: int,
    options: argparse.Namespace,
    module: str = "benchmarks.measure",
) -> list[dict[str, Any]]:
    # In a process of its own: settings, caches and connections belong to one database.
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "results.json"
        command = [sys.executable, "-m", module, str(size), "--output", str(output)]
        command += ["--seconds", str(options.seconds), "--only", options.only]
        subprocess.run(command, check=True, cwd=ROOT, env=in_process(environment))
        results: list[dict[str, Any]] = json.loads(output.read_text())
        return results


if __name__ == "__main__":
    sys.exit(main())
