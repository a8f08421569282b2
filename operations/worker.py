"""The worker process: runs the tasks of the queue."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import TextIO

from django.core.exceptions import ImproperlyConfigured
from django.db import (
    Error,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Worker

from common import postgresql
from messaging.services import resume_account_deletions
from operations import task_queue
from operations.models import HEARTBEAT, RunningWorker

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two queries of an empty queue
MAINTENANCE = 60.0  # seconds between two searches for abandoned tasks
RECONNECT = 2.0  # seconds between two attempts to reach the database


def new_worker_id() -> str:
    """A random id for a worker."""
    return get_random_string(32)


class ReconnectingWorker(Worker):
    """The worker of django-tasks, which also waits for a database that does not answer."""

    def __init__(self, worker_id: str, *, until_empty: bool = False) -> None:
        super().__init__(
            queue_names=["*"],
            interval=INTERVAL,
            batch=until_empty,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=worker_id,
            excluded_queue_names=[],
        )

    def run(self) -> None:
        """Run tasks until a signal arrives or, with `until_empty`, until none is due."""
        while self.running:
            try:
                maintain_queue()
                super().run()
            except (OperationalError, InterfaceError) as error:
                # A restart of PostgreSQL, for example. The text of the error names server and user.
                logger.warning("The database does not answer (%s)", type(error).__name__)
                connections.close_all()
                time.sleep(RECONNECT)
            else:
                return


def wait_for_tables() -> None:
    """Return when the database answers and is migrated.

    Server and worker can then be started at the same time.
    """
    logged = ""
    while True:
        try:
            postgresql.check_connection()
            table_names = connection.introspection.django_table_names
            if set(table_names()) == set(table_names(only_existing=True)):
                return
            problem = "The database has not been migrated yet."
        except (ImproperlyConfigured, Error) as error:
            connections.close_all()
            problem = str(error)
        if problem != logged:
            logger.warning("%s The worker waits.", problem)
            logged = problem
        time.sleep(RECONNECT)


def maintain_queue() -> None:
    """Take up the tasks of dead workers, delete old tasks and resume deletions of accounts."""
    task_queue.take_up_abandoned()
    task_queue.delete_finished()
    resume_account_deletions()


class Heartbeat:
    """Records every few seconds that this worker is alive, and maintains the queue."""

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._beat_until_stopped, name="heartbeat", daemon=True
        )

    def __enter__(self) -> None:
        self._beat()
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._thread.join(1)
        try:
            RunningWorker.objects.filter(pk=self.worker_id).delete()
        except Error:
            # Without heartbeats it will soon count as dead.
            logger.warning("The database does not answer; the row of this worker stays in it")

    def _beat(self) -> None:
        now = timezone.now()
        RunningWorker.objects.update_or_create(pk=self.worker_id, defaults={"seen_at": now})

    def _beat_until_stopped(self) -> None:
        maintained = time.monotonic()
        while not self._stopped.wait(HEARTBEAT):
            try:
                close_old_connections()
                self._beat()
                if time.monotonic() - maintained > MAINTENANCE:
                    maintained = time.monotonic()
                    maintain_queue()
            except Error as error:
                logger.warning(
                    "The heartbeat of this worker could not be written (%s)", type(error).__name__
                )
                connections.close_all()
        connections.close_all()


def end_with_parent(pipe: TextIO) -> None:
    """Send SIGTERM to this process when the parent closes its end of `pipe`, as it does at its end."""

    def wait() -> None:
        while pipe.read(1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
