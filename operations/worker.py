"""The process that works in the background."""

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
from operations.models import BEAT, RunningWorker

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two looks at an empty queue
UPKEEP = 60.0  # seconds between two looks for what was abandoned
RECONNECT = 2.0  # seconds before a database that did not answer is asked again


def new_worker_id() -> str:
    return get_random_string(32)


class PatientWorker(Worker):
    """django-tasks' worker, which also says that it is alive and waits for a lost database."""

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
        """Work until told to stop, or until nothing is left to do."""
        while self.running:
            try:
                look_after_queue()
                super().run()
            except (OperationalError, InterfaceError) as error:
                # Also a restart of PostgreSQL. The text of the error names server and user.
                logger.warning("The database does not answer (%s)", type(error).__name__)
                connections.close_all()
                time.sleep(RECONNECT)
            else:
                return


def wait_for_tables() -> None:
    """Back once the database answers and has been migrated: all may be started at once."""
    told = ""
    while True:
        try:
            postgresql.ask()
            known = connection.introspection.django_table_names
            if set(known()) == set(known(only_existing=True)):
                return
            missing = "The database has not been migrated yet."
        except (ImproperlyConfigured, Error) as error:
            connections.close_all()
            missing = str(error)
        if missing != told:
            logger.warning("%s The worker waits.", missing)
            told = missing
        time.sleep(RECONNECT)


def look_after_queue() -> None:
    """Take up what dead workers left, and forget what is done."""
    task_queue.take_up_abandoned()
    task_queue.forget_finished()
    resume_account_deletions()


class Pulse:
    """Says every few seconds that this worker is alive, and looks after what others left."""

    def __init__(self, worker_id: str) -> None:
        self.worker_id = worker_id
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="pulse", daemon=True)

    def __enter__(self) -> None:
        self._beat()
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join(1)
        try:
            RunningWorker.objects.filter(pk=self.worker_id).delete()
        except Error:
            # It will count as dead when it has been silent for long enough.
            logger.warning("The database does not answer; this worker ends without saying so")

    def _beat(self) -> None:
        now = timezone.now()
        RunningWorker.objects.update_or_create(pk=self.worker_id, defaults={"seen_at": now})

    def _beat_on(self) -> None:
        looked = time.monotonic()
        while not self._ended.wait(BEAT):
            try:
                close_old_connections()
                self._beat()
                if time.monotonic() - looked > UPKEEP:
                    looked = time.monotonic()
                    look_after_queue()
            except Error as error:
                logger.warning("No sign of life was written (%s)", type(error).__name__)
                connections.close_all()
        connections.close_all()


def end_with(parent: TextIO) -> None:
    """Ask this process to end as soon as `parent`, the other end of a pipe, is gone."""

    def wait() -> None:
        while parent.read(1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
