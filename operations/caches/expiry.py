"""What has expired is really taken out of Django's cache in memory.

Django drops an entry when somebody asks for it. A list of messages is kept under its versions,
which nobody asks for again once they have moved on: the texts of an account that was deleted
would stay in memory for as long as the process runs.
"""

from __future__ import annotations

import threading
import time

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

SWEEP = 30.0  # seconds between two looks for what has expired


def sweep() -> None:
    """Take out what has expired. A cache elsewhere, such as Redis, does that by itself."""
    for cache in caches.all():
        if not isinstance(cache, LocMemCache):
            continue
        # Django's own parts, which its types do not name.
        with cache._lock:  # type: ignore[attr-defined]
            for key in [*cache._expire_info]:  # type: ignore[attr-defined]
                if cache._has_expired(key):  # type: ignore[attr-defined]
                    cache._delete(key)  # type: ignore[attr-defined]


def keep_sweeping() -> None:
    """Sweep from time to time, for as long as the process runs."""
    # A daemon: a process ends without waiting for it.
    threading.Thread(target=_sweep_for_ever, name="cache-sweep", daemon=True).start()


def _sweep_for_ever() -> None:
    while True:
        time.sleep(SWEEP)
        sweep()
