"""A Redis that may be gone: pages come without it, slower, and nothing else changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient, RedisSerializer
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError, TimeoutError
from redis.retry import Retry

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

PATIENCE = 0.2  # seconds one question may take: a cache that hangs must cost less than its page
PAUSE = 5.0  # seconds without questions after one that was not answered

LOST = (ConnectionError, TimeoutError, OSError)


class Unreadable(RedisError):
    """What is kept there was not written by us, or by another release."""


class CarefulSerializer(RedisSerializer):
    def loads(self, data: Any) -> Any:
        try:
            return super().loads(data)
        except Exception as error:  # foreign bytes can raise anything
            raise Unreadable(str(error)) from error


# By server, for all requests: Django makes a cache object, and with it a pool, for each context,
# and on our server a request has one of its own. It took a new connection for every page.
_pools: dict[tuple[str, ...], dict[int, Any]] = {}


class BoundClient(RedisCacheClient):
    """Keeps with each value what it is kept under: whatever else is found there is a miss."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._pools: dict[int, Any] = _pools.setdefault(tuple(servers), {})

    def get(self, key: Any, default: Any) -> Any:
        return self._unbound(key, super().get(key, None), default)

    def get_many(self, keys: Any) -> Any:
        missing = object()
        found = super().get_many(keys)
        values = {key: self._unbound(key, value, missing) for key, value in found.items()}
        return {key: value for key, value in values.items() if value is not missing}

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        super().set(key, self._bound(key, value), timeout)

    def set_many(self, data: Any, timeout: Any) -> None:
        super().set_many({key: self._bound(key, data[key]) for key in data}, timeout)

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return super().add(key, self._bound(key, value), timeout)

    @staticmethod
    def _bound(key: Any, value: Any) -> Any:
        return value if type(value) is int else (key, value)  # Redis counts what is a bare number

    @staticmethod
    def _unbound(key: Any, kept: Any, default: Any) -> Any:
        if type(kept) is int:
            return kept
        ours = isinstance(kept, tuple) and len(kept) == 2 and kept[0] == key
        return kept[1] if ours else default


class CircuitBreaker:
    """Whether a server answers: who finds that it does not spares the others the wait."""

    def __init__(self) -> None:
        self.silent_until = 0.0  # on the monotonic clock; 0: it answers

    def may_ask(self) -> bool:
        if not self.silent_until:
            return True
        now = time.monotonic()
        if now < self.silent_until:
            return False
        # One tries; until it is known how that went, the others go on without.
        self.silent_until = now + PAUSE
        return True

    def answered(self) -> None:
        self.silent_until = 0.0

    def lost(self, error: Exception) -> None:
        logger.warning("The cache gives no answer; pages do without it for now: %s", error)
        self.silent_until = time.monotonic() + PAUSE


# By server, for all threads: each of them has a cache object of its own.
_lines: dict[str, CircuitBreaker] = {}


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, in which every failure is a miss.

    What is not there is made again, and what cannot be kept is not kept. allauth's limiter, which
    takes a lock by `add`, is let through: a limit that cannot be counted keeps nobody out.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {
            "serializer": CarefulSerializer,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            # Once more on a connection that the server has closed meanwhile; never after a wait.
            "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
        }
        super().__init__(server, params | {"OPTIONS": options | params.get("OPTIONS", {})})
        self._class = BoundClient
        self._line = _lines.setdefault(str(server), CircuitBreaker())

    def _ask(self, otherwise: Answer, question: str, *args: Any) -> Answer:
        """What Django's `question` answers; `otherwise`, if there is no answer."""
        if not self._line.may_ask():
            return otherwise
        try:
            answer: Answer = getattr(super(), question)(*args)
        except LOST as error:
            self._line.lost(error)
            return otherwise
        except RedisError as error:  # it answers, but not this: no memory, no password, no sense
            logger.warning("The cache refuses to %s: %s", question, error)
            answer = otherwise
        except ValueError:  # incr() of what is not there
            self._line.answered()
            raise
        self._line.answered()
        return answer

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._ask(default, "get", key, default, version)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        return self._ask({}, "get_many", keys, version)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._ask(False, "has_key", key, version)

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._ask(None, "set", key, value, timeout, version)

    def set_many(
        self, data: dict[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """The keys that could not be kept."""
        return self._ask(list(data), "set_many", data, timeout, version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Whether `key` was not there. Without an answer: a lock that nobody can take is free."""
        return self._ask(True, "add", key, value, timeout, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._ask(False, "touch", key, timeout, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._ask(False, "delete", key, version)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        self._ask(None, "delete_many", keys, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """The new value.

        Raises:
            ValueError: `key` is not there, which it never is without an answer.
        """
        value: int | None = self._ask(None, "incr", key, delta, version)
        if value is None:
            raise ValueError(f"Key {key!r} not found.")
        return value

    def clear(self) -> Any:
        return self._ask(False, "clear")
