"""`manage.py worker`: does what pages left for later."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations.models import RunningWorker
from operations.worker import PatientWorker, Pulse, end_with, new_worker_id, wait_for_tables


class Command(BaseCommand):
    help = (
        "Works in the background: mail, and what is left of deleted accounts. "
        "`serve` starts one of these by itself unless WORKER=0; any number may run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--until-empty", action="store_true", help="end when nothing is left to do"
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input does"
        )
        parser.add_argument("--id", default="", help="what to be known by")
        parser.add_argument(
            "--after", default="", help="the id of a worker that is known to be dead"
        )

    def handle(
        self, *args: Any, until_empty: bool, with_parent: bool, id: str, after: str, **options: Any
    ) -> None:
        worker_id = id or new_worker_id()
        worker = PatientWorker(worker_id, until_empty=until_empty)
        worker.configure_signals()
        if with_parent:
            end_with(sys.stdin)
        wait_for_tables()
        RunningWorker.objects.filter(pk=after).delete()
        with Pulse(worker_id):
            worker.run()
