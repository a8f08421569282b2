"""What happens to tasks beside being run: tried again, taken up again, forgotten.

A task must be safe to run twice: its worker may die after the work and before it is marked done.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Min, Q
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from operations.models import RunningWorker

logger = logging.getLogger(__name__)

# Seconds after which a task that failed is tried again: five attempts in all, within an hour.
WAITS = (10, 60, 300, 1800)
ATTEMPTS = len(WAITS) + 1

# What is done says nothing any more; what failed for good is kept for the administrator to see.
KEEP_DONE = timedelta(days=1)
KEEP_FAILED = timedelta(days=7)


def try_again(task_id: str, *, attempts: int, task_name: str) -> bool:
    """Whether the failed task will run again. Called by `signals.try_failed_task_again`."""
    if attempts >= ATTEMPTS:
        logger.error("Task %s failed %s times and is given up", task_name, attempts)
        return False
    wait = WAITS[attempts - 1]
    logger.warning("Task %s failed; attempt %s in %s s", task_name, attempts + 1, wait)
    failed = DBTaskResult.objects.filter(pk=task_id, status=TaskResultStatus.FAILED)
    return bool(
        failed.update(
            status=TaskResultStatus.READY, run_after=timezone.now() + timedelta(seconds=wait)
        )
    )


@transaction.atomic
def take_up_abandoned() -> int:
    """How many tasks, whose worker died at them, wait to be run again."""
    RunningWorker.objects.exclude(pk__in=RunningWorker.objects.alive().values("pk")).delete()
    alive = set(RunningWorker.objects.values_list("pk", flat=True))
    taken_up = 0
    for pk, worker_ids in DBTaskResult.objects.running().values_list("pk", "worker_ids"):
        if worker_ids and worker_ids[-1] in alive:
            continue
        # A task that kills whoever runs it must come to an end too.
        last = len(worker_ids) >= ATTEMPTS
        status = TaskResultStatus.FAILED if last else TaskResultStatus.READY
        # The condition is part of the change: two workers may look at the same time.
        still = DBTaskResult.objects.running().filter(pk=pk)
        taken_up += still.update(status=status, finished_at=timezone.now() if last else None)
    if taken_up:
        logger.warning("Abandoned by their worker, and taken up: %s task(s)", taken_up)
    return taken_up


def forget_finished() -> None:
    """Remove tasks that nobody has to know of any more."""
    now = timezone.now()
    DBTaskResult.objects.successful().filter(finished_at__lt=now - KEEP_DONE).delete()
    DBTaskResult.objects.failed().filter(finished_at__lt=now - KEEP_FAILED).delete()


def forget_tasks_of(user_pk: int) -> None:
    """Remove what waits, or was done, for an account that is gone.

    Tasks that are about one person name them as `user_pk`. One that is running is left to its
    worker, and forgotten later.
    """
    theirs = DBTaskResult.objects.filter(args_kwargs__kwargs__user_pk=user_pk)
    theirs.exclude(status=TaskResultStatus.RUNNING).delete()


class Queue(NamedTuple):
    """How much there is to do."""

    waiting: int  # tasks whose time has come
    later: int  # tasks for later
    running: int
    failed: int  # given up, within the last seven days
    oldest: float  # seconds that the first of those waiting has waited; 0 when none waits


def how_full() -> Queue:
    """The queue as it is now: one query."""
    now = timezone.now()
    # Without a time of its own, a task is stored as due at the end of time.
    due = Q(status=TaskResultStatus.READY) & (Q(run_after__lte=now) | Q(run_after=get_date_max()))
    counted = DBTaskResult.objects.order_by().aggregate(
        ready=Count("pk", filter=Q(status=TaskResultStatus.READY)),
        waiting=Count("pk", filter=due),
        running=Count("pk", filter=Q(status=TaskResultStatus.RUNNING)),
        failed=Count("pk", filter=Q(status=TaskResultStatus.FAILED)),
        since=Min("enqueued_at", filter=due & Q(run_after=get_date_max())),
        due_since=Min("run_after", filter=due & ~Q(run_after=get_date_max())),
    )
    since = min(filter(None, (counted["since"], counted["due_since"])), default=now)
    return Queue(
        waiting=counted["waiting"],
        later=counted["ready"] - counted["waiting"],
        running=counted["running"],
        failed=counted["failed"],
        oldest=max(0.0, (now - min(since, now)).total_seconds()),
    )
