"""Repeats a fault as often as planned, or until its time is over.

`make faults` sets FAULTS_END, the end in seconds since 1970, and FAULTS_REPORT, the file for the
figures of the test. Without FAULTS_REPORT no figures are written.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path


def rounds(times: int, *, each: int = 1) -> Iterator[int]:
    """The numbers from 0 to below `times`, or fewer: the first, and none that begins after the end.

    The fault is tried `each` times in each round.
    """
    end = float(os.environ.get("FAULTS_END", "inf"))
    for number in range(times):
        if number and time.time() > end:
            return
        yield number
        report(tried=(number + 1) * each)


def report(**figures: int) -> None:
    """Write figures to the report: `tried` (how often) and `held` (how much was as it should be)."""
    if name := os.environ.get("FAULTS_REPORT"):
        # Several threads may write at once: the file is replaced as a whole.
        beside = Path(f"{name}.{threading.get_ident()}")
        beside.write_text(json.dumps(reported(Path(name)) | figures))
        beside.replace(name)


def reported(file: Path) -> dict[str, int]:
    """The figures in a report; none if there is no file."""
    return json.loads(file.read_text()) if file.exists() else {}
