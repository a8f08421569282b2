"""Publish/subscribe between the processes of an installation: who can see a committed change.

A bus carries an audience and nothing else; what has changed is read from the database. A bus may
lose a notice, repeat it, or be down for a while: every process also polls the database for the
streams that it holds (`event_stream.SWEEP`).
"""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
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
from messaging.events import Audience

logger = logging.getLogger(__name__)

# Called with the audience of a change, or with None: everybody may have news.
Wake = Callable[[Audience | None], None]

POLL = 0.1  # seconds between two looks at an SQLite file
RETRY = 1.0  # seconds from a failure to the next attempt
IDLE = 10.0  # seconds without a notice after which the connection is tested
TIMEOUT = 5.0  # seconds that a connection or an answer may take
MOST_IDS = 300  # in one notice; more become "everybody". PostgreSQL takes 8,000 bytes.

EVERYBODY = "*"


class Bus(ABC):
    """The connection of one process to the others, to publish on and to subscribe to."""

    state = "idle"  # no stream is open in this process; "ok"; "lost"

    @abstractmethod
    def publish(self, audience: Audience) -> None:
        """Tell all processes that `audience` may have news. Neither blocks nor raises."""

    def close(self) -> None:  # noqa: B027  (most have nothing to close)
        """Close the connection for publishing. The next `publish` opens it again."""

    async def listen(self, wake: Wake) -> None:
        """Call `wake` for each notice, until cancelled.

        Reconnects after each failure. Everybody is woken after each connection, since notices
        that were published before are lost.
        """
        try:
            while True:
                try:
                    await self._receive(wake)
                except Exception as error:
                    # Any error, those of the libraries included: otherwise nobody in this process
                    # would get a notice again.
                    if self.state != "lost":
                        logger.warning(
                            "Live bus lost (%r); falling back to polling the database every few "
                            "seconds, and reconnecting. If this lasts, check the server of the bus.",
                            error,
                        )
                    self.state = "lost"
                await asyncio.sleep(RETRY)
        finally:
            self.state = "idle"

    @abstractmethod
    async def _receive(self, wake: Wake) -> None:
        """Connect, then call `wake` for each notice until the connection breaks."""

    def _connected(self, wake: Wake) -> None:
        self.state = "ok"
        wake(None)


class MemoryBus(Bus):
    """Inside one process, without delay."""

    def __init__(self) -> None:
        self._subscribers: dict[Wake, asyncio.AbstractEventLoop] = {}

    def publish(self, audience: Audience) -> None:
        for wake, loop in list(self._subscribers.items()):
            loop.call_soon_threadsafe(wake, audience)

    async def _receive(self, wake: Wake) -> None:
        self._subscribers[wake] = asyncio.get_running_loop()
        self._connected(wake)
        try:
            await asyncio.Event().wait()
        finally:
            del self._subscribers[wake]


class SqliteBus(Bus):
    """Between all processes that open the same SQLite file, by the version that SQLite keeps of it.

    The version rises with each commit of another connection, whoever can see the change: everybody
    is woken.
    """

    def publish(self, audience: Audience) -> None:
        pass  # the commit itself is the notice

    async def _receive(self, wake: Wake) -> None:
        name = Path(connections["default"].settings_dict["NAME"])
        # A connection that reads no table: a look takes 10 microseconds and holds no lock.
        file = sqlite3.connect(f"{name.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        with closing(file):
            last_version = None
            while True:
                version = file.execute("PRAGMA data_version").fetchone()
                if version != last_version:
                    self._connected(wake)
                last_version = version
                await asyncio.sleep(POLL)


class ThreadedBus(Bus):
    """A bus that publishes from a thread of its own, so that no request waits for its server."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Audience] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._publisher: threading.Thread | None = None
        self.channel = f"parley_{salted_hmac('parley.live', 'channel').hexdigest()[:12]}"

    def publish(self, audience: Audience) -> None:
        self._queue.put(audience)
        if self._publisher is None:
            with self._lock:
                if self._publisher is None:
                    self._publisher = threading.Thread(
                        target=self._send_all, daemon=True, name="bus"
                    )
                    self._publisher.start()

    def _send_all(self) -> None:
        failed = False  # then everybody is named, since the lost notice named people unknown now
        while True:
            audience = Audience() if failed else self._queue.get()
            # All that has gathered meanwhile goes into one notice.
            while not self._queue.empty():
                audience |= self._queue.get()
            try:
                self._send(EVERYBODY if failed else notice_of(audience))
                failed = False
            except Exception as error:
                # Any error, as above: redis-py raises AttributeError if it is closed while it connects.
                if not failed:
                    logger.warning(
                        "A notice could not be published on the live bus (%r); retrying every %s s. "
                        "Until then other processes learn of changes by polling the database. If "
                        "this lasts, check the server of the bus.",
                        error,
                        RETRY,
                    )
                failed = True
                time.sleep(RETRY)

    @abstractmethod
    def _send(self, notice: str) -> None:
        """Send `notice` to all subscribers."""


def notice_of(audience: Audience) -> str:
    """`audience` as one line, such as "c17,p3,p9": conversations and people by their ids.

    "*" is everybody, which also stands for more than `MOST_IDS` ids.
    """
    if len(audience) > MOST_IDS:
        return EVERYBODY
    conversations = [f"c{pk}" for pk in sorted(audience.conversations)]
    return ",".join(conversations + [f"p{pk}" for pk in sorted(audience.people)])


def audience_of(notice: str) -> Audience | None:
    """The audience that `notice` names; None for everybody.

    During an upgrade notices also come from other releases. One of an older release names people
    by ids without a letter. Everybody is woken by a notice that this release cannot read.
    """
    people: set[int] = set()
    conversations: set[int] = set()
    for name in notice.split(","):
        found = re.fullmatch(r"([cp]?)([0-9]+)", name)
        if found is None:
            return None
        (conversations if found[1] == "c" else people).add(int(found[2]))
    return Audience(frozenset(people), frozenset(conversations))


class RedisBus(ThreadedBus):
    """Between all processes that reach the same Redis, by its publish/subscribe."""

    def __init__(self) -> None:
        super().__init__()
        self._options: dict[str, Any] = {
            "socket_timeout": TIMEOUT,
            "socket_connect_timeout": TIMEOUT,
            "decode_responses": True,
        }
        self._client = redis.Redis.from_url(settings.CACHE_URL, **self._options)

    def close(self) -> None:
        self._client.close()

    def _send(self, notice: str) -> None:
        self._client.publish(self.channel, notice)

    async def _receive(self, wake: Wake) -> None:
        client = redis.asyncio.Redis.from_url(settings.CACHE_URL, **self._options)
        try:
            async with client.pubsub() as subscription:
                await subscription.subscribe(self.channel)
                self._connected(wake)
                pinged = False
                while True:
                    message = await subscription.get_message(timeout=TIMEOUT if pinged else IDLE)
                    if message is None:
                        if pinged:
                            raise redis.TimeoutError(f"no answer to a ping within {TIMEOUT} s")
                        await asyncio.wait_for(subscription.ping(), TIMEOUT)
                    elif message["type"] == "message":
                        wake(audience_of(message["data"]))
                    pinged = message is None
        finally:
            await client.aclose()


class PostgresqlBus(ThreadedBus):
    """Between all processes on the same PostgreSQL, by LISTEN and NOTIFY."""

    def __init__(self) -> None:
        super().__init__()
        self._connection: psycopg.Connection[Any] | None = None  # to publish on

    @staticmethod
    def _parameters() -> dict[str, Any]:
        return postgresql.parameters() | {"application_name": "parley live"}

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def _send(self, notice: str) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(**self._parameters())
        try:
            self._connection.execute("SELECT pg_notify(%s, %s)", [self.channel, notice])
        except psycopg.Error:
            self._connection.close()
            raise

    async def _receive(self, wake: Wake) -> None:
        connection = await psycopg.AsyncConnection.connect(**self._parameters())
        async with connection:
            channel = psycopg.sql.Identifier(self.channel)
            await connection.execute(psycopg.sql.SQL("LISTEN {}").format(channel))
            self._connected(wake)
            while True:
                async for notification in connection.notifies(timeout=IDLE):
                    wake(audience_of(notification.payload))
                await asyncio.wait_for(connection.execute("SELECT 1"), TIMEOUT)


@cache
def bus() -> Bus:
    """The bus of this process: an instance of the class that `settings.LIVE_BUS` names."""
    made: Bus = import_string(settings.LIVE_BUS)()
    return made
