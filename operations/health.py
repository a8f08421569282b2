"""Whether this installation works, for whatever watches over it."""

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

# Seconds that a task may wait until the workers count as behind.
BEHIND = 300


def _database() -> str:
    # A table, not `SELECT 1`: that succeeds on SQLite without looking at the file.
    RunningWorker.objects.exists()
    return "ok"


def _cache() -> str:
    # Not its own word: a cache of ours that is gone answers as an empty one does.
    word = token_hex(8)
    cache.set(f"healthz.{word}", word, timeout=5)
    return "ok" if cache.get(f"healthz.{word}") == word else "gone"


def _bus() -> str:
    # "idle": nobody is waiting for news in this process. "lost": they get it later.
    return bus().state


def _worker() -> str:
    if not RunningWorker.objects.alive().exists():
        return "gone"
    return "behind" if task_queue.how_full().oldest > BEHIND else "ok"


# What is looked at, and the word for it. Without the first nothing works; without the others pages
# still come: slower, or with mail and large deletions left for later.
PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "bus": _bus,
    "worker": _worker,
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 once the database answers, 503 otherwise; in either case a line for each part.

    Looks at no session and sets no cookie.
    """
    words = {}
    for part, word in PARTS.items():
        try:
            words[part] = word()
        except Error:
            words[part] = "gone" if part == "database" else "unknown"
    text = "".join(f"{part} {word}\n" for part, word in words.items())
    status = 200 if words["database"] == "ok" else 503
    return HttpResponse(text, content_type="text/plain", status=status)
