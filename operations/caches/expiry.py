"""Deletes expired entries from Django's cache in memory.

Django deletes an expired entry only when somebody asks for it. Nobody asks for a list of messages
under an old version, so texts of a deleted account would stay in memory until the process ends.
"""

from __future__ import annotations

import threading
import time

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

SWEEP = 30.0  # seconds between two sweeps


def sweep() -> None:
    """Delete the expired entries of all caches in memory. Redis deletes its own."""
    for cache in caches.all():
        if not isinstance(cache, LocMemCache):
            continue
        # Private parts of Django, which the type stubs do not have.
        with cache._lock:  # type: ignore[attr-defined]
            for key in [*cache._expire_info]:  # type: ignore[attr-defined]
                if cache._has_expired(key):  # type: ignore[attr-defined]
                    cache._delete(key)  # type: ignore[attr-defined]


def keep_sweeping() -> None:
    """Start a thread that sweeps every `SWEEP` seconds until the process ends."""
    # Python does not wait for a daemon thread at its end.
    threading.Thread(target=_sweep_for_ever, name="cache-sweep", daemon=True).start()


def _sweep_for_ever() -> None:
    while True:
        time.sleep(SWEEP)
        sweep()
