"""The buses: how the process that changed something tells those in which somebody is waiting.

A bus says only who should look; what they see then comes from the database. So it may lose word,
repeat it, or be gone for a while: whoever waits looks by themselves every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import redis
import redis.asyncio
from django.conf import settings
from django.db import connections
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from common import postgresql

logger = logging.getLogger(__name__)

# Called with the ids of people who may have news, or None for everybody.
Wake = Callable[[set[int] | None], None]

POLL = 0.1  # seconds between two looks at an SQLite file
PAUSE = 1.0  # seconds after a failure
QUIET = 10.0  # seconds without word after which it is asked whether the line still holds
PATIENCE = 5.0  # seconds an answer may take
NAMED = 300  # people a word names; more are "everybody". PostgreSQL takes 8,000 bytes.

EVERYBODY = "*"


class Bus(ABC):
    """What a process says it on, and hears it from."""

    state = "idle"  # nobody waits here; "ok"; "lost"

    @abstractmethod
    def publish(self, user_pks: Iterable[int]) -> None:
        """Let it be known that these people may have news. Neither waits nor fails."""

    def close(self) -> None:  # noqa: B027  (most have nothing to close)
        """Let go of what it is spoken on. It may be spoken on again."""

    async def listen(self, wake: Wake) -> None:
        """Call `wake` whenever there is word, until cancelled. After each beginning, everybody
        is woken: what was said meanwhile is not known.
        """
        try:
            while True:
                try:
                    await self._hear(wake)
                except Exception as error:
                    # Whatever it is, mistakes of the libraries included: without this nobody would
                    # be told anything any more.
                    if self.state != "lost":
                        logger.warning("No word of news for now, so it comes later: %r", error)
                    self.state = "lost"
                await asyncio.sleep(PAUSE)
        finally:
            self.state = "idle"

    @abstractmethod
    async def _hear(self, wake: Wake) -> None:
        """Call `wake` until the line breaks."""

    def _hears(self, wake: Wake) -> None:
        self.state = "ok"
        wake(None)


class MemoryBus(Bus):
    """Within one process, at once."""

    def __init__(self) -> None:
        self._listening: dict[Wake, asyncio.AbstractEventLoop] = {}

    def publish(self, user_pks: Iterable[int]) -> None:
        named = set(user_pks)
        for wake, loop in list(self._listening.items()):
            loop.call_soon_threadsafe(wake, named)

    async def _hear(self, wake: Wake) -> None:
        self._listening[wake] = asyncio.get_running_loop()
        self._hears(wake)
        try:
            await asyncio.Event().wait()
        finally:
            del self._listening[wake]


class SqliteBus(Bus):
    """Between all processes that open the same SQLite file, which tells that it was written to."""

    def publish(self, user_pks: Iterable[int]) -> None:
        pass  # the commit has said it

    async def _hear(self, wake: Wake) -> None:
        name = Path(connections["default"].settings_dict["NAME"])
        # A connection of its own, which reads nothing: 10 microseconds a look, and no lock.
        file = sqlite3.connect(f"{name.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        with closing(file):
            seen = None
            while True:
                version = file.execute("PRAGMA data_version").fetchone()
                if version != seen:
                    self._hears(wake)
                seen = version
                await asyncio.sleep(POLL)


class SpokenBus(Bus):
    """One that is spoken on by a thread of its own: whoever has sent a message waits for nothing."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Iterable[int]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._speaker: threading.Thread | None = None
        self.channel = f"parley_{salted_hmac('parley.live', 'channel').hexdigest()[:12]}"

    def publish(self, user_pks: Iterable[int]) -> None:
        self._queue.put(user_pks)
        if self._speaker is None:
            with self._lock:
                if self._speaker is None:
                    self._speaker = threading.Thread(target=self._speak, daemon=True, name="bus")
                    self._speaker.start()

    def _speak(self) -> None:
        lost = False  # something was not said; then everybody is to look
        while True:
            named = set(self._queue.get()) if not lost else set()
            # What has gathered meanwhile is said in one word.
            while not self._queue.empty():
                named.update(self._queue.get())
            few = len(named) <= NAMED and not lost
            try:
                self._say(",".join(map(str, sorted(named))) if few else EVERYBODY)
                lost = False
            except Exception as error:
                # As above: redis-py fails with an AttributeError when it is closed while it connects.
                if not lost:
                    logger.warning("Word of news could not be given, so it comes later: %r", error)
                lost = True
                time.sleep(PAUSE)

    @abstractmethod
    def _say(self, word: str) -> None:
        """Say it to all that listen."""

    @staticmethod
    def _meant(word: str) -> set[int] | None:
        names = word.split(",")
        return {int(name) for name in names} if all(name.isdigit() for name in names) else None


class RedisBus(SpokenBus):
    """Between all processes that reach the same Redis."""

    def __init__(self) -> None:
        super().__init__()
        self._options: dict[str, Any] = {
            "socket_timeout": PATIENCE,
            "socket_connect_timeout": PATIENCE,
            "decode_responses": True,
        }
        self._client = redis.Redis.from_url(settings.CACHE_URL, **self._options)

    def close(self) -> None:
        self._client.close()

    def _say(self, word: str) -> None:
        self._client.publish(self.channel, word)

    async def _hear(self, wake: Wake) -> None:
        client = redis.asyncio.Redis.from_url(settings.CACHE_URL, **self._options)
        try:
            async with client.pubsub() as line:
                await line.subscribe(self.channel)
                self._hears(wake)
                asked = False
                while True:
                    heard = await line.get_message(timeout=PATIENCE if asked else QUIET)
                    if heard is None:
                        if asked:
                            raise redis.TimeoutError("It hangs.")
                        await asyncio.wait_for(line.ping(), PATIENCE)
                    elif heard["type"] == "message":
                        wake(self._meant(heard["data"]))
                    asked = heard is None
        finally:
            await client.aclose()


class PostgresqlBus(SpokenBus):
    """Between all processes on the same PostgreSQL, by NOTIFY."""

    def __init__(self) -> None:
        super().__init__()
        self._spoken: psycopg.Connection | None = None

    @staticmethod
    def _parameters() -> dict[str, Any]:
        return postgresql.parameters() | {"application_name": "parley live"}

    def close(self) -> None:
        if self._spoken:
            self._spoken.close()

    def _say(self, word: str) -> None:
        if self._spoken is None or self._spoken.closed:
            self._spoken = psycopg.connect(**self._parameters())
        try:
            self._spoken.execute("SELECT pg_notify(%s, %s)", [self.channel, word])
        except psycopg.Error:
            self._spoken.close()
            raise

    async def _hear(self, wake: Wake) -> None:
        line = await psycopg.AsyncConnection.connect(**self._parameters())
        async with line:
            await line.execute(f"LISTEN {self.channel}")
            self._hears(wake)
            while True:
                async for heard in line.notifies(timeout=QUIET):
                    wake(self._meant(heard.payload))
                await asyncio.wait_for(line.execute("SELECT 1"), PATIENCE)


@cache
def bus() -> Bus:
    """The bus of this process: the class that `settings.LIVE_BUS` names."""
    return import_string(settings.LIVE_BUS)()
