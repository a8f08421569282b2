"""Retries failed tasks, takes up abandoned ones, deletes old ones and counts them all.

A task must be safe to run twice: its worker can die after the work, before the task is marked done.
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

# Seconds before each retry of a failed task: five attempts in all, within an hour.
WAITS = (10, 60, 300, 1800)
ATTEMPTS = len(WAITS) + 1

# How long tasks stay in the database. Failed ones stay longer, for the administrator to see.
KEEP_DONE = timedelta(days=1)
KEEP_FAILED = timedelta(days=7)


def schedule_retry(task_id: str, *, attempts: int, task_name: str) -> bool:
    """Enqueue a failed task again, unless it was its last attempt. Returns whether it will run."""
    if attempts >= ATTEMPTS:
        logger.error("Task %s failed %s times and will not be retried", task_name, attempts)
        return False
    wait = WAITS[attempts - 1]
    logger.warning("Task %s failed; attempt %s follows in %s s", task_name, attempts + 1, wait)
    failed = DBTaskResult.objects.filter(pk=task_id, status=TaskResultStatus.FAILED)
    return bool(
        failed.update(
            status=TaskResultStatus.READY, run_after=timezone.now() + timedelta(seconds=wait)
        )
    )


@transaction.atomic
def take_up_abandoned() -> int:
    """Enqueue the tasks of dead workers again. Returns the number of changed tasks.

    A task that has used all its attempts is marked as failed instead.
    """
    RunningWorker.objects.exclude(pk__in=RunningWorker.objects.alive().values("pk")).delete()
    alive = set(RunningWorker.objects.values_list("pk", flat=True))
    taken_up = 0
    for pk, worker_ids in DBTaskResult.objects.running().values_list("pk", "worker_ids"):
        if worker_ids and worker_ids[-1] in alive:
            continue
        # A task that kills its worker each time must not run for ever.
        last = len(worker_ids) >= ATTEMPTS
        status = TaskResultStatus.FAILED if last else TaskResultStatus.READY
        # Another worker may do the same at the same time: only a running task changes.
        running = DBTaskResult.objects.running().filter(pk=pk)
        taken_up += running.update(status=status, finished_at=timezone.now() if last else None)
    if taken_up:
        logger.warning("%s task(s) of dead workers were taken up", taken_up)
    return taken_up


def delete_finished() -> None:
    """Delete successful tasks after a day and failed tasks after a week."""
    now = timezone.now()
    DBTaskResult.objects.successful().filter(finished_at__lt=now - KEEP_DONE).delete()
    DBTaskResult.objects.failed().filter(finished_at__lt=now - KEEP_FAILED).delete()


def delete_tasks_of(user_pk: int) -> None:
    """Delete the waiting and finished tasks of a deleted account.

    A task that is about one person has a keyword argument `user_pk`. A running task stays; it is
    deleted later with the finished ones.
    """
    tasks = DBTaskResult.objects.filter(args_kwargs__kwargs__user_pk=user_pk)
    tasks.exclude(status=TaskResultStatus.RUNNING).delete()


class TaskCounts(NamedTuple):
    """The numbers of tasks in the queue."""

    waiting: int  # due, and not yet begun
    later: int  # not due yet
    running: int
    failed: int  # without further attempts, within the last seven days
    oldest_wait: float  # seconds that the first of the waiting tasks has waited; 0 if none waits


def task_counts() -> TaskCounts:
    """Count the tasks in the queue: one query."""
    now = timezone.now()
    # A task that was enqueued without a time is stored with the latest possible date.
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
    return TaskCounts(
        waiting=counted["waiting"],
        later=counted["ready"] - counted["waiting"],
        running=counted["running"],
        failed=counted["failed"],
        oldest_wait=max(0.0, (now - min(since, now)).total_seconds()),
    )
