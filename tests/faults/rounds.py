"""How often a fault is tried: as often as it is meant to be, or until its time is over.

`make faults` names with FAULTS_END when that is, in seconds since 1970, and with FAULTS_TOLD the
file in which it is told how far a test came. Without it, nobody is told.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path


def rounds(times: int, *, each: int = 1) -> Iterator[int]:
    """0, 1, 2 to below `times`, or fewer: at least one, and none that begins after the end. In each
    of them it is tried `each` times.
    """
    end = float(os.environ.get("FAULTS_END", "inf"))
    for number in range(times):
        if number and time.time() > end:
            return
        yield number
        tell(tried=(number + 1) * each)


def tell(**figures: int) -> None:
    """Say how often it was tried, and how much was held."""
    if name := os.environ.get("FAULTS_TOLD"):
        # Several threads may tell at once: what stands there is always whole.
        beside = Path(f"{name}.{threading.get_ident()}")
        beside.write_text(json.dumps(told(Path(name)) | figures))
        beside.replace(name)


def told(file: Path) -> dict[str, int]:
    return json.loads(file.read_text()) if file.exists() else {}
