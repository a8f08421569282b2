"""Django's cache in memory, out of which what has expired is really taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

SWEEP = 30.0  # seconds between two looks for what has expired

# Names of the caches that hold something, and so are looked through. Django keeps one of each name
# for all threads, whose cache objects are many.
_swept: set[str] = set()


class SweptLocMemCache(LocMemCache):
    """Nothing stays in memory for longer than `SWEEP` beyond its time.

    Django drops an entry when somebody asks for it. A list of messages is kept under its versions,
    which nobody asks for again once they have moved on: the texts of an account that was deleted
    would stay in memory for as long as the process runs.
    """

    # Django's own, which its types do not name.
    _cache: dict[str, bytes]
    _expire_info: dict[str, float | None]
    _lock: threading.Lock
    _delete: Callable[[str], bool]

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        self._name = name

    def _set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> None:
        super()._set(key, value, timeout)  # type: ignore[misc]
        if self._name not in _swept:
            _swept.add(self._name)
            self._sweep_later()

    def _sweep_later(self) -> None:
        timer = threading.Timer(SWEEP, self._sweep)
        timer.daemon = True  # a process ends without waiting for it
        timer.start()

    def _sweep(self) -> None:
        with self._lock:
            now = time.time()
            for key, end in list(self._expire_info.items()):
                if end is not None and end <= now:
                    self._delete(key)
            if not self._cache:
                _swept.discard(self._name)
                return
        self._sweep_later()
