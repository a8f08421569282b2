"""Measures the second start of a server: from `manage.py serve` until it answers.

The first start prepares the database and the static files. A second start must find everything as
it expects it, however many messages there are.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.server import parley_server, processor_seconds

CASE = "Second start, in seconds"
MOST = 3  # seconds


def measure(environment: dict[str, str], backend: str, size: int) -> dict[str, Any]:
    """The row of the table, with seconds where other rows have a multiple of the floor."""
    with parley_server(environment):
        pass
    started = time.perf_counter()
    with parley_server(environment) as (_port, process):
        seconds = time.perf_counter() - started
        worked = processor_seconds(process.pid)
    return {
        "case": CASE,
        "backend": backend,
        "messages": size,
        "queries": 0,
        "ms": round(1000 * seconds, 2),
        "cpu_ms": round(1000 * worked, 2),
        "ratio": round(seconds, 2),
        "kilobytes": 0,
        "budget_queries": 0,
        "budget_ratio": MOST,
        "ok": seconds <= MOST,
    }
