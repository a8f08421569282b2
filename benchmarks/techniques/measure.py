"""What both forms of a technique cost, and the table that shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.core.cache import caches
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.techniques import caching, querysets, receivers, swaps
from benchmarks.techniques.technique import Scene, Technique
from benchmarks.world import Landmarks
from tests.queries import statements

TECHNIQUES = (
    *receivers.TECHNIQUES,
    *querysets.TECHNIQUES,
    *caching.TECHNIQUES,
    *swaps.TECHNIQUES,
)

PAGE = Path(__file__).parents[2] / "docs" / "techniques.md"
BEGIN, END = "<!-- make techniques writes this table -->\n", "<!-- end of the table -->\n"

SECONDS = 1.0  # for each technique
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """What one form of a technique costs."""

    statements: int
    milliseconds: float  # the median of all rounds


def measure(technique: Technique, at: Landmarks) -> tuple[Cost, Cost]:
    """The costs of the naive form and of ours. The two take turns."""
    forms = (technique.naive, technique.ours)
    counts = [_count(technique, form, at) for form in forms]
    rounds: list[list[float]] = []
    end = time.monotonic() + SECONDS
    while len(rounds) < LEAST_ROUNDS or time.monotonic() < end:
        rounds.append([_milliseconds(technique, form, at) for form in forms])
    naive, ours = (
        Cost(count, median(times))
        for count, times in zip(counts, zip(*rounds, strict=True), strict=True)
    )
    return naive, ours


def _count(technique: Technique, form: Callable[[Scene], object], at: Landmarks) -> int:
    with _scene(technique, form, at) as scene, CaptureQueriesContext(connection) as captured:
        form(scene)
    return len(statements(captured))


def _milliseconds(technique: Technique, form: Callable[[Scene], object], at: Landmarks) -> float:
    with _scene(technique, form, at) as scene:
        began = time.perf_counter()
        form(scene)
        return 1000 * (time.perf_counter() - began)


@contextmanager
def _scene(technique: Technique, form: Callable[[Scene], object], at: Landmarks) -> Iterator[Scene]:
    """The same world for each call: the caches are empty, and what the call writes is undone."""
    for cache in caches.all():
        cache.clear()
    with transaction.atomic():
        scene = Scene(at)
        if technique.cached:
            form(scene)
        yield scene
        transaction.set_rollback(True)


def table(costs: dict[Technique, tuple[Cost, Cost]]) -> str:
    """The costs as Markdown: one line for each technique."""
    lines = [
        "| Technique | What is done | Statements, naive | Ours | Milliseconds, naive | Ours |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for technique, (naive, ours) in costs.items():
        lines.append(
            f"| {technique.name} | {technique.measured} | {naive.statements:,} | "
            f"{ours.statements:,} | {naive.milliseconds:,.2f} | {ours.milliseconds:,.2f} |"
        )
    return "\n".join(lines) + "\n"


def write(page: Path, new_table: str) -> None:
    """Put the table between the two comments of the page."""
    before, _old, after = split(page.read_text())
    page.write_text(f"{before}{BEGIN}{new_table}{END}{after}")


def split(text: str) -> tuple[str, str, str]:
    """The text of the page before its table, the table, and the text after it."""
    before, _begin, rest = text.partition(BEGIN)
    old_table, _end, after = rest.partition(END)
    return before, old_table, after
