"""Figures for Prometheus, where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from operations import task_queue
from operations.models import RunningWorker

# By name of the view, not by address: there are few names, and nothing private in them.
ANSWERS = Histogram(
    "parley_answer_seconds",
    "How long requests took to answer, in seconds.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answer."""
    # Anybody can make up a method; each would be a row for ever.
    method = method if method in METHODS else "other"
    ANSWERS.labels(method, route or "none", str(status)).observe(seconds)


class QueueCollector(Collector):
    """What the database knows: the same from whichever process it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            full, workers = task_queue.how_full(), RunningWorker.objects.alive().count()
        except Error:
            yield GaugeMetricFamily("parley_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("parley_database_up", "Whether the database answers.", 1)
        yield GaugeMetricFamily("parley_workers", "Workers that are alive.", workers)
        tasks = GaugeMetricFamily("parley_tasks", "Tasks in the queue.", labels=["state"])
        for state in ("waiting", "later", "running", "failed"):
            tasks.add_metric([state], getattr(full, state))
        yield tasks
        yield GaugeMetricFamily(
            "parley_tasks_oldest_seconds", "How long the first task has waited.", full.oldest
        )


def _everything() -> bytes:
    if not settings.METRICS_DIR:
        return generate_latest(REGISTRY) + _of_queue()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + _of_queue()


def _of_queue() -> bytes:
    registry = CollectorRegistry()
    registry.register(QueueCollector())
    return generate_latest(registry)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of all processes of this machine; for whoever may not see them, not there."""
    if not _may_see(request):
        raise Http404
    return HttpResponse(_everything(), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if settings.METRICS == "local":
        # What a proxy on this machine hands on comes from this machine too.
        return not _forwarded(request) and _is_loopback(request.META.get("REMOTE_ADDR", ""))
    given = request.headers.get("Authorization", "")
    return bool(settings.METRICS) and constant_time_compare(given, f"Bearer {settings.METRICS}")


def _forwarded(request: HttpRequest) -> bool:
    return "X-Forwarded-For" in request.headers or "Forwarded" in request.headers


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
