"""Starts servers for measurements, waits until they answer, and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.services_fixture import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds: the first start compresses static files
TICKS = os.sysconf("SC_CLK_TCK")

Process = subprocess.Popen[bytes]


@contextmanager
def parley_server(environment: dict[str, str]) -> Iterator[tuple[int, Process]]:
    """The port of Parley, started as `make run` starts it, and its first process."""
    port = free_port()
    environment = environment | {"HOST": "127.0.0.1", "PORT": str(port)}
    with running_server(["manage.py", "serve"], port, environment) as process:
        yield port, process


@contextmanager
def running_server(
    arguments: Sequence[str], port: int, environment: dict[str, str]
) -> Iterator[Process]:
    """The process of a server in Python that answers on `port`.

    Raises:
        RuntimeError: the server ended, or did not answer within `PATIENCE`.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(url: str, process: Process) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError("The server did not start.")


def processor_seconds(pid: int) -> float:
    """The processor time that the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
