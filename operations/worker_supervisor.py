"""A worker beside the server: started with it, started again when it dies, ended with it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time

from django.conf import settings

from operations.worker import new_worker_id

logger = logging.getLogger(__name__)

# Seconds that a task may take to its end when the server ends. What is cut off is run again.
GRACE = 0.5
# A worker that dies at once, again and again, must not keep the machine busy.
LEAST_LIFE = 2.0  # seconds


class Supervised:
    """A worker process for as long as the block lasts."""

    def __enter__(self) -> None:
        self._ending = threading.Event()
        self._id = ""
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name="worker-watch", daemon=True)
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join(1)

    def _start(self) -> subprocess.Popen[bytes]:
        dead, self._id = self._id, new_worker_id()
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        command += ["--with-parent", "--id", self._id, "--after", dead]
        # Its standard input ends with this process, however that goes. A session of its own:
        # Ctrl-C in the terminal is for the server, which then ends the worker.
        return subprocess.Popen(  # noqa: S603  (ours, from first word to last)
            command, stdin=subprocess.PIPE, start_new_session=True
        )

    def _watch(self) -> None:
        while True:
            started = time.monotonic()
            code = self._process.wait()
            if self._ending.is_set():
                return
            logger.warning("The worker ended with %s; another takes its place", code)
            if self._ending.wait(max(0.0, LEAST_LIFE - (time.monotonic() - started))):
                return
            self._process = self._start()
            if self._ending.is_set():  # it was decided in between
                self._process.kill()
