"""Parley as people run it, for a browser: one process on a free port, in a folder of its own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.services_fixture import free_port

PROJECT = Path(__file__).resolve().parents[2]

# What collecting and compressing static files may take on a slow machine, in seconds.
PATIENCE = 90


def started(folder: Path, shared: Path, secret_key: str) -> "Server":
    """A server that answers. Of all workers the first collects static files, which takes seconds;
    the others take theirs from the folder `shared`.
    """
    with (shared / "collecting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        collected = shared / "collected"
        if collected.exists():
            shutil.copytree(collected, folder, dirs_exist_ok=True)
            return Server(folder, secret_key).wait()
        server = Server(folder, secret_key).wait()
        shutil.copytree(folder / "static", collected / "static")
        shutil.copy2(folder / "static.sha256", collected)
        return server


class Server:
    """`manage.py serve`, which is what `make run` ends in: uvicorn, hashed static files, no DEBUG."""

    def __init__(self, folder: Path, secret_key: str) -> None:
        self.folder = folder
        self.database = folder / "parley.sqlite3"
        self.log = folder / "server.log"
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._environment = {
            name: value
            for name, value in os.environ.items()
            # Those of the test run, and of whoever started it, are not the server's.
            if name not in {"DATABASE_URL", "CACHE_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE"}
        } | {
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "SITE_URL": self.address,
            "SECRET_KEY": secret_key,
            "DEBUG": "0",
            "WORKER": "0",  # what is seen in a browser needs none
        }
        self.start()

    def start(self) -> None:
        """Start it; once it has been stopped, it is the same again."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=PROJECT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> "Server":
        """Itself, once it answers. It listens early and lets whoever comes wait."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, f"The server ended:\n{self.log.read_text()}"
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=PATIENCE) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)  # nothing listens there yet
        self.stop()
        raise AssertionError(f"The server does not answer:\n{self.log.read_text()}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
