"""A cache on Redis that raises no error when Redis fails: pages are then rendered without it."""

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

PATIENCE = 0.2  # seconds that a command may take; waiting must cost less than rendering a page
PAUSE = 5.0  # seconds without commands after one that got no answer

LOST = (ConnectionError, TimeoutError, OSError)


class Unreadable(RedisError):
    """The stored value cannot be read. It may come from another program or release."""


class CheckedSerializer(RedisSerializer):
    """Raises `Unreadable` for bytes that cannot be unpickled."""

    def loads(self, data: Any) -> Any:
        try:
            return super().loads(data)
        except Exception as error:  # foreign bytes can raise anything
            raise Unreadable(str(error)) from error


# The connection pools of each server, shared by all requests. Django makes a cache object, with a pool
# of its own, for each context. On our server each request has a context, so each page would open a
# new connection.
_pools: dict[tuple[str, ...], dict[int, Any]] = {}


class KeyCheckingClient(RedisCacheClient):
    """Stores the key with each value. A value with another key is a miss."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        super().__init__(servers, **options)
        self._pools: dict[int, Any] = _pools.setdefault(tuple(servers), {})

    def get(self, key: Any, default: Any) -> Any:
        return self._value_of(key, super().get(key, None), default)

    def get_many(self, keys: Any) -> Any:
        missing = object()
        found = super().get_many(keys)
        values = {key: self._value_of(key, value, missing) for key, value in found.items()}
        return {key: value for key, value in values.items() if value is not missing}

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        super().set(key, self._with_key(key, value), timeout)

    def set_many(self, data: Any, timeout: Any) -> None:
        super().set_many({key: self._with_key(key, data[key]) for key in data}, timeout)

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return super().add(key, self._with_key(key, value), timeout)

    @staticmethod
    def _with_key(key: Any, value: Any) -> Any:
        return (
            value if type(value) is int else (key, value)
        )  # Redis can only increment bare numbers

    @staticmethod
    def _value_of(key: Any, stored: Any, default: Any) -> Any:
        if type(stored) is int:
            return stored
        matches = isinstance(stored, tuple) and len(stored) == 2 and stored[0] == key
        return stored[1] if matches else default


class CircuitBreaker:
    """Remembers that a server did not answer, so that other threads do not wait for it."""

    def __init__(self) -> None:
        self.silent_until = 0.0  # by the monotonic clock; 0 while the server answers

    def may_ask(self) -> bool:
        """Whether the server should get a command now."""
        if not self.silent_until:
            return True
        now = time.monotonic()
        if now < self.silent_until:
            return False
        # This thread tries. The others do not ask until the result is known.
        self.silent_until = now + PAUSE
        return True

    def answered(self) -> None:
        """Record that the server answered."""
        self.silent_until = 0.0

    def lost(self, error: Exception) -> None:
        """Record and log that the server did not answer."""
        logger.warning("The cache does not answer; pages are rendered without it: %s", error)
        self.silent_until = time.monotonic() + PAUSE


# The circuit breaker of each server, shared by all threads, which have cache objects of their own.
_breakers: dict[str, CircuitBreaker] = {}


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, in which every failure of the server is a miss.

    Without an answer nothing is found and nothing is stored. `add` then succeeds: allauth's rate
    limiter takes a lock by it, and a limit that cannot be counted must refuse nobody.
    """

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {
            "serializer": CheckedSerializer,
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            # One more attempt if the server has closed the connection; none after a timeout.
            "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
        }
        super().__init__(server, params | {"OPTIONS": options | params.get("OPTIONS", {})})
        self._class = KeyCheckingClient
        self._breaker = _breakers.setdefault(str(server), CircuitBreaker())

    def _ask(self, otherwise: Answer, command: str, *args: Any) -> Answer:
        """The result of the method `command` of Django's cache; `otherwise` after a failure."""
        if not self._breaker.may_ask():
            return otherwise
        try:
            answer: Answer = getattr(super(), command)(*args)
        except LOST as error:
            self._breaker.lost(error)
            return otherwise
        except (
            RedisError
        ) as error:  # an error as an answer: out of memory, wrong password, unreadable value
            logger.warning("The cache command %s failed: %s", command, error)
            answer = otherwise
        except ValueError:  # incr() of a missing key
            self._breaker.answered()
            raise
        self._breaker.answered()
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
        """Returns the keys that could not be stored."""
        return self._ask(list(data), "set_many", data, timeout, version)

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Whether `key` was stored, because it was missing. True without an answer; see the class."""
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
            ValueError: `key` is missing. Without an answer every key is.
        """
        value: int | None = self._ask(None, "incr", key, delta, version)
        if value is None:
            raise ValueError(f"Key {key!r} not found.")
        return value

    def clear(self) -> Any:
        return self._ask(False, "clear")
