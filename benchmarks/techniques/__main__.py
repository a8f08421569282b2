"""`make techniques`: measures the naive form and ours, and writes the table of the page."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import django

from benchmarks.__main__ import collect_static_files, environment_in, in_process

MESSAGES = 5_000


def main() -> None:
    began = time.monotonic()
    collect_static_files()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(in_process(environment_in(Path(folder), "")))
        django.setup()
        # Models can be imported only now.
        from benchmarks.techniques.measure import PAGE, TECHNIQUES, measure, table, write
        from benchmarks.world_builder import landmarks

        at = landmarks(MESSAGES, Path(folder))
        new_table = table({technique: measure(technique, at) for technique in TECHNIQUES})
    print(new_table)
    write(PAGE, new_table)
    print(f"Written to {PAGE.name} after {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
