"""`manage.py worker`: runs the tasks that pages enqueue."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations.models import RunningWorker
from operations.worker import (
    Heartbeat,
    ReconnectingWorker,
    end_with_parent,
    new_worker_id,
    wait_for_tables,
)


class Command(BaseCommand):
    help = (
        "Runs tasks in the background: mail, and the rest of deletions of large accounts. "
        "`serve` starts a worker unless WORKER=0. Any number of workers may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="end when no task is due")
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input is closed"
        )
        parser.add_argument("--id", default="", help="the id of this worker; random by default")
        parser.add_argument(
            "--after", default="", help="the id of a dead worker, whose tasks are run again at once"
        )

    def handle(
        self, *args: Any, until_empty: bool, with_parent: bool, id: str, after: str, **options: Any
    ) -> None:
        worker_id = id or new_worker_id()
        worker = ReconnectingWorker(worker_id, until_empty=until_empty)
        worker.configure_signals()
        if with_parent:
            end_with_parent(sys.stdin)
        wait_for_tables()
        RunningWorker.objects.filter(pk=after).delete()
        with Heartbeat(worker_id):
            worker.run()
