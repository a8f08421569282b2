"""Who works in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

BEAT = 10  # seconds between two signs of life
# Seconds without one after which a worker counts as dead. Longer than the twenty that a writer
# may have to wait for SQLite.
SILENCE = 45


class RunningWorkerQuerySet(models.QuerySet["RunningWorker"]):
    def alive(self) -> Self:
        """Workers that have lately said that they are there."""
        return self.filter(seen_at__gt=timezone.now() - timedelta(seconds=SILENCE))


class RunningWorker(models.Model):
    """A worker process, by the id that its tasks carry. Gone when it ends as it should."""

    worker_id = models.CharField(primary_key=True, max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = RunningWorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"worker {self.worker_id}"
