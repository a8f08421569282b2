"""/healthz: whether this installation works, for monitoring."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

from django.core.cache import cache
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chats.live.buses import bus
from operations import task_queue
from operations.models import RunningWorker

# Seconds that a task may wait before the worker is reported as "behind".
BEHIND = 300


def _database() -> str:
    # Not `SELECT 1`, which succeeds on SQLite without reading the file.
    RunningWorker.objects.exists()
    return "ok"


def _cache() -> str:
    # Our cache raises no error when Redis is away: it behaves like an empty one.
    token = token_hex(8)
    cache.set(f"healthz.{token}", token, timeout=5)
    return "ok" if cache.get(f"healthz.{token}") == token else "gone"


def _bus() -> str:
    # "idle": no window is open in this process. "lost": open windows learn of changes later.
    return bus().state


def _worker() -> str:
    if not RunningWorker.objects.alive().exists():
        return "gone"
    return "behind" if task_queue.task_counts().oldest_wait > BEHIND else "ok"


# The checked parts, each with a function that gives its state. Without the database nothing works.
# Without another part pages still work, but slower, or mail and large deletions wait.
PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "bus": _bus,
    "worker": _worker,
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """A line with the state of each part: status 200 if the database answers, 503 if not.

    It reads no session and sets no cookie.
    """
    states = {}
    for part, check in PARTS.items():
        try:
            states[part] = check()
        except Error:
            states[part] = "gone" if part == "database" else "unknown"
    text = "".join(f"{part} {state}\n" for part, state in states.items())
    status = 200 if states["database"] == "ok" else 503
    return HttpResponse(text, content_type="text/plain", status=status)
