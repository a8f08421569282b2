"""The open event streams of this process: a small ASGI application beside Django.

A stream is one connection and one coroutine that waits for the browser to disconnect. It has no
thread, no timer and no database connection: reads and heartbeats are done for all streams at once.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import resource
import signal
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from types import FrameType
from typing import Any, TypeVar

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chats.live.buses import bus
from chats.live.sessions import Reader, still_signed_in, versions_of
from messaging.events import Audience

logger = logging.getLogger(__name__)

Scope = Mapping[str, object]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Result = TypeVar("Result")

HEARTBEAT = 20  # seconds between two events of one stream: proxies close silent connections
SWEEP = 3  # seconds between two reads for all streams, whatever the bus delivers
LINGER = 30  # seconds without a stream after which this process stops listening to the bus
FILES = 65_536  # open files, of which each connection is one, if the system allows as many
SPARE = 128  # of those for requests, databases and files


class OpenStream(HttpResponse):
    """Django's permission to open a stream, with the reader it is for."""

    def __init__(self, reader: Reader, version: int) -> None:
        super().__init__(content_type="text/event-stream")
        self.reader = reader
        self.version = version
        self["X-Accel-Buffering"] = "no"


class Stream:
    """The stream of one browser."""

    __slots__ = ("_pending", "_send", "_sending", "closed", "main", "reader", "slot", "version")

    def __init__(self, reader: Reader, version: int, slot: int, send: Send) -> None:
        self.reader = reader
        self.version = version  # of the mailbox; the last one sent to the browser
        self.slot = slot  # in which of the seconds of `HEARTBEAT` this stream gets an event
        self.closed = False
        self.main = asyncio.current_task()
        self._send = send
        self._pending = b""
        self._sending: asyncio.Task[None] | None = None

    def send_version(self) -> None:
        """Send the version of the mailbox. To a slow browser only the latest version is sent."""
        self._pending = b"event: version\ndata: %d\n\n" % self.version
        if self._sending is None and not self.closed:
            self._sending = asyncio.create_task(self._send_pending())

    async def _send_pending(self) -> None:
        try:
            while self._pending:
                text, self._pending = self._pending, b""
                await self._send({"type": "http.response.body", "body": text, "more_body": True})
        finally:
            self._sending = None

    async def close(self) -> None:
        """End the response. Nothing is sent afterwards."""
        if self.closed:
            return
        self.closed = True
        if self._sending:
            self._sending.cancel()
        try:
            # A browser that does not read what was sent before would block this.
            await asyncio.wait_for(self._send({"type": "http.response.body"}), 0.5)
        except TimeoutError:
            if self.main:
                self.main.cancel()


class Streams:
    """All streams of this process."""

    def __init__(self) -> None:
        # Django's `get_response`, with all middleware; `operations.server.application` sets it.
        self.get_response: Callable[[HttpRequest], HttpResponseBase]
        self._by_person: dict[int, set[Stream]] = defaultdict(set)
        self._count = 0
        self._slots = itertools.cycle(range(HEARTBEAT))
        self._limit = settings.LIVE_STREAMS
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        # Who may have news since the last read; None: everybody.
        self._audience: Audience | None = Audience()
        # A task is referenced here until it is done: the event loop holds a weak reference only.
        self._close_tasks: set[asyncio.Task[None]] = set()
        # One thread opens streams, one reads for them; each has at most one database connection.
        self._open_thread = ThreadPoolExecutor(1, "live-open")
        self._read_thread = ThreadPoolExecutor(1, "live-read")

    def __len__(self) -> int:
        return self._count

    @property
    def people(self) -> int:
        """How many people have a stream here."""
        return len(self._by_person)

    def room_for(self, user_pk: int) -> bool:
        """Whether this person may open one more stream in this process."""
        return (
            not self._closing
            and self._count < self._limit
            and len(self._by_person.get(user_pk, ())) < settings.LIVE_STREAMS_PER_PERSON
        )

    def prepare(self) -> None:
        """Raise the limit of open files, and close streams on SIGINT and SIGTERM.

        Called when the server starts, in its event loop.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self._limit = min(settings.LIVE_STREAMS, max(wanted, soft) - SPARE)
        if threading.current_thread() is not threading.main_thread():
            return
        # A server that shuts down waits for open responses, and streams would stay open.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, partial(self._on_signal, loop, signal.getsignal(number)))

    def _on_signal(
        self, loop: asyncio.AbstractEventLoop, handler: Any, number: int, frame: FrameType | None
    ) -> None:
        loop.call_soon_threadsafe(self.close_all)
        if callable(handler):
            handler(number, frame)

    # --- One stream -----------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a stream: with events, or with Django's refusal."""
        # This coroutine lasts as long as the stream, so it must hold nothing of the request.
        stream = await self._begin(scope, send)
        del scope
        if stream is None:
            return
        self._add(stream)
        try:
            stream.send_version()
            # The mailbox may have changed since Django read its version.
            self.wake(Audience(people=frozenset({stream.reader.user_pk})))
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            stream.closed = True
            self._remove(stream)

    async def _begin(self, scope: Scope, send: Send) -> Stream | None:
        """Send Django's response, and give back the stream if Django allows one."""
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._open_thread, self._ask_django, scope)
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()
        ]
        cookies = response.cookies.values()
        headers += [(b"set-cookie", cookie.OutputString().encode()) for cookie in cookies]
        if isinstance(response, OpenStream):
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        if isinstance(response, OpenStream):
            return Stream(response.reader, response.version, next(self._slots), send)
        await send({"type": "http.response.body", "body": response.content})
        return None

    def _ask_django(self, scope: Scope) -> HttpResponse:
        """The response of the view `live`, with all middleware around it."""
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(dict(scope), BytesIO())
        request.streams = self  # type: ignore[attr-defined]  # read by the view
        response = self.get_response(request)
        response.close()  # ends the request: its database connection goes back to the pool
        assert isinstance(response, HttpResponse)  # noqa: S101  (no middleware makes it a file)
        return response

    def _add(self, stream: Stream) -> None:
        self._by_person[stream.reader.user_pk].add(stream)
        self._count += 1
        if not self._tasks:
            self._woken = asyncio.Event()
            work = (self._update_when_woken(), self._update_often(), bus().listen(self.wake))
            self._tasks = [asyncio.create_task(one) for one in work]
        if self._closing:
            self.close_all()

    def _remove(self, stream: Stream) -> None:
        theirs = self._by_person[stream.reader.user_pk]
        theirs.discard(stream)
        if not theirs:
            del self._by_person[stream.reader.user_pk]
        self._count -= 1

    # --- All streams ----------------------------------------------------------------------------

    def wake(self, audience: Audience | None) -> None:
        """Read soon what is new for `audience`; None is everybody. Call it in the event loop."""
        if audience is None or self._audience is None:
            self._audience = None
        else:
            self._audience |= audience
        self._woken.set()

    def close_all(self) -> None:
        """Close all streams, and open no more: the server shuts down."""
        self._closing = True
        self._close(self._all())
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _all(self) -> list[Stream]:
        return [stream for theirs in self._by_person.values() for stream in theirs]

    def _close(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            task = asyncio.create_task(stream.close())
            self._close_tasks.add(task)
            task.add_done_callback(self._close_tasks.discard)

    async def _update_when_woken(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            audience, self._audience = self._audience, Audience()
            await self._update(audience)

    async def _update_often(self) -> None:
        """Send heartbeats, and update all streams every few seconds."""
        empty = 0  # seconds without a stream
        for second in itertools.count():
            await asyncio.sleep(1)
            empty = 0 if self._count else empty + 1
            if empty > LINGER:
                break
            for stream in self._all():
                if stream.slot == second % HEARTBEAT:
                    stream.send_version()  # not a comment, which scripts do not receive
            if second % SWEEP == 0:
                await self._update(None, check_all_sessions=True)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _update(self, audience: Audience | None, *, check_all_sessions: bool = False) -> None:
        """Send the new versions of mailboxes in `audience`; None is everybody.

        Before anything is sent through a stream, its session is checked; the stream is closed if
        the session has ended. `check_all_sessions` checks those of all streams.
        """
        here = self._by_person.keys()
        people = here if audience is None else here & audience.people
        conversations = audience.conversations if audience and here else ()
        if not people and not conversations:
            return
        try:
            versions = await self._read(versions_of, list(people), conversations)
            outdated = [
                stream
                for pk, version in versions.items()
                for stream in self._by_person.get(pk, ())
                if version > stream.version
            ]
            checked = self._all() if check_all_sessions else outdated
            signed_in = set()
            if checked:
                readers = [stream.reader for stream in checked]
                signed_in = await self._read(still_signed_in, readers)
        except Exception as error:  # any error: the next read must come
            logger.warning(
                "Open pages could not be updated, since a read from the database failed (%s); "
                "retrying in %s s.",
                error,
                SWEEP,
            )
            return
        self._close(stream for stream in checked if stream.reader not in signed_in)
        for stream in outdated:
            if stream.reader in signed_in:
                stream.version = max(versions[stream.reader.user_pk], stream.version)
                stream.send_version()

    async def _read(self, read: Callable[..., Result], *arguments: Collection[Any]) -> Result:
        """What `read` returns with `arguments`, called in the thread for reads."""
        return await asyncio.get_running_loop().run_in_executor(self._read_thread, read, *arguments)


streams = Streams()


def status() -> dict[str, str | int]:
    """The state of live updates in this process.

    `bus` is "ok", "lost" (events come late, but they come) or "idle" (no stream is open here);
    `streams` is how many streams are open, `people` how many people they belong to.
    """
    return {"bus": bus().state, "streams": len(streams), "people": streams.people}
