"""The worker processes that are alive."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

HEARTBEAT = 10  # seconds between two heartbeats of a worker
# Seconds without a heartbeat after which a worker counts as dead. This is longer than the twenty
# seconds that a writer may wait for SQLite.
DEAD_AFTER = 45


class RunningWorkerQuerySet(models.QuerySet["RunningWorker"]):
    def alive(self) -> Self:
        """Workers with a recent heartbeat."""
        return self.filter(seen_at__gt=timezone.now() - timedelta(seconds=DEAD_AFTER))


class RunningWorker(models.Model):
    """A worker process, by the id that its tasks name. A worker that ends normally deletes its row."""

    worker_id = models.CharField(primary_key=True, max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = RunningWorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"worker {self.worker_id}"
