"""/metrics: figures for Prometheus."""

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

# Labelled with the name of the view, not the address: names are few and hold nothing private.
RESPONSE_TIMES = Histogram(
    "parley_answer_seconds",
    "How long requests took to answer, in seconds.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}


def count_response(method: str, route: str, status: int, seconds: float) -> None:
    """Add a response, and the seconds it took, to the figures of this process."""
    # A client can invent methods, and each would add a time series for ever.
    method = method if method in METHODS else "other"
    RESPONSE_TIMES.labels(method, route or "none", str(status)).observe(seconds)


class QueueCollector(Collector):
    """The figures that come from the database, and are the same in every process."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            counts, workers = task_queue.task_counts(), RunningWorker.objects.alive().count()
        except Error:
            yield GaugeMetricFamily("parley_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("parley_database_up", "Whether the database answers.", 1)
        yield GaugeMetricFamily("parley_workers", "Workers that are alive.", workers)
        tasks = GaugeMetricFamily("parley_tasks", "Tasks in the queue.", labels=["state"])
        for state in ("waiting", "later", "running", "failed"):
            tasks.add_metric([state], getattr(counts, state))
        yield tasks
        yield GaugeMetricFamily(
            "parley_tasks_oldest_seconds", "How long the first task has waited.", counts.oldest_wait
        )


def _all_figures() -> bytes:
    if not settings.METRICS_DIR:
        return generate_latest(REGISTRY) + _queue_figures()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + _queue_figures()


def _queue_figures() -> bytes:
    registry = CollectorRegistry()
    registry.register(QueueCollector())
    return generate_latest(registry)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of all processes of this machine. 404 for a client that may not see them."""
    if not _may_see(request):
        raise Http404
    return HttpResponse(_all_figures(), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if settings.METRICS == "local":
        # A request that a proxy on this machine forwards also comes from this machine.
        return not _forwarded(request) and _is_loopback(request.META.get("REMOTE_ADDR", ""))
    header = request.headers.get("Authorization", "")
    return bool(settings.METRICS) and constant_time_compare(header, f"Bearer {settings.METRICS}")


def _forwarded(request: HttpRequest) -> bool:
    return "X-Forwarded-For" in request.headers or "Forwarded" in request.headers


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
