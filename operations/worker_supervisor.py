"""A worker beside the server: starts and ends with it, and is restarted when it dies."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time

from django.conf import settings

from operations.worker import new_worker_id

logger = logging.getLogger(__name__)

# Seconds that a running task has when the server ends. A task that is cut off runs again.
GRACE = 0.5
# Seconds between two starts: a worker that always dies at once must not keep the machine busy.
RESTART_INTERVAL = 2.0


class WorkerSupervisor:
    """Keeps a worker process running for the block."""

    def __enter__(self) -> None:
        self._stopping = threading.Event()
        self._id = ""
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name="worker-watch", daemon=True)
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._thread.join(1)

    def _start(self) -> subprocess.Popen[bytes]:
        dead_id, self._id = self._id, new_worker_id()
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        command += ["--with-parent", "--id", self._id, "--after", dead_id]
        # Its standard input closes when this process ends, for whatever reason. It gets a session of
        # its own, so that Ctrl-C in the terminal reaches only the server, which then ends it.
        return subprocess.Popen(  # noqa: S603  (the command is ours)
            command, stdin=subprocess.PIPE, start_new_session=True
        )

    def _watch(self) -> None:
        while True:
            started = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            logger.warning("The worker ended with status %s and is restarted", code)
            if self._stopping.wait(max(0.0, RESTART_INTERVAL - (time.monotonic() - started))):
                return
            self._process = self._start()
            if self._stopping.is_set():  # it was set during the start
                self._process.kill()
