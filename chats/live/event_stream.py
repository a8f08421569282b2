"""The open streams of this process: a small ASGI application beside Django.

A stream is a connection and a coroutine that waits for its end. It has no thread, no timer and no
database connection: what all of them need is done for all at once.
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
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_started
from django.http import HttpResponse

from chats.live.buses import bus
from chats.live.sessions import Reader, still_signed_in, versions_of

logger = logging.getLogger(__name__)

Scope = Mapping[str, object]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

HEARTBEAT = 20  # seconds between two signs of life: proxies end what is silent
SWEEP = 3  # seconds after which everybody is looked after, whatever the bus said
LINGER = 30  # seconds without a stream after which nothing is listened to any more
FILES = 65_536  # connections, as far as the system lets us
SPARE = 128  # of those, for pages, databases and files


class OpenStream(HttpResponse):
    """Django's word that a stream may begin, and for whom."""

    def __init__(self, reader: Reader, version: int) -> None:
        super().__init__(content_type="text/event-stream")
        self.reader = reader
        self.version = version
        self["X-Accel-Buffering"] = "no"


class Stream:
    """One browser that waits."""

    __slots__ = ("_due", "_send", "_sending", "main", "over", "reader", "turn", "version")

    def __init__(self, reader: Reader, version: int, turn: int, send: Send) -> None:
        self.reader = reader
        self.version = version  # of the mailbox; what the browser was told
        self.turn = turn  # in which of twenty seconds it gives a sign of life
        self.over = False
        self.main = asyncio.current_task()
        self._send = send
        self._due = b""
        self._sending: asyncio.Task | None = None

    def tell(self) -> None:
        """The version of the mailbox. One event at a time: a slow browser gets the last one."""
        self._give(b"event: version\ndata: %d\n\n" % self.version)

    def _give(self, text: bytes) -> None:
        self._due = text
        if self._sending is None and not self.over:
            self._sending = asyncio.create_task(self._give_what_is_due())

    async def _give_what_is_due(self) -> None:
        try:
            while self._due:
                text, self._due = self._due, b""
                await self._send({"type": "http.response.body", "body": text, "more_body": True})
        finally:
            self._sending = None

    async def end(self) -> None:
        """Nothing more goes through it."""
        if self.over:
            return
        self.over = True
        if self._sending:
            self._sending.cancel()
        try:
            # Whoever does not read what was sent before would hold this up.
            await asyncio.wait_for(self._send({"type": "http.response.body"}), 0.5)
        except TimeoutError:
            if self.main:
                self.main.cancel()


class Streams:
    def __init__(self) -> None:
        self.pages: Callable[[ASGIRequest], Any]  # Django; set where it is put together
        self._by_person: dict[int, set[Stream]] = defaultdict(set)
        self._count = 0
        self._turns = itertools.cycle(range(HEARTBEAT))
        self._most = settings.LIVE_STREAMS
        self._ending = False
        self._tasks: list[asyncio.Task] = []
        self._woken = asyncio.Event()
        self._wanted: set[int] | None = set()  # None: everybody
        # One thread lets in, one looks; each has a database connection at most.
        self._door = ThreadPoolExecutor(1, "live-door")
        self._desk = ThreadPoolExecutor(1, "live-desk")

    def __len__(self) -> int:
        return self._count

    @property
    def people(self) -> int:
        return len(self._by_person)

    def room_for(self, user_pk: int) -> bool:
        """Whether this person may open one more here."""
        return (
            not self._ending
            and self._count < self._most
            and len(self._by_person.get(user_pk, ())) < settings.LIVE_STREAMS_PER_PERSON
        )

    def prepare(self) -> None:
        """Called when the server starts, in its event loop."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        self._most = min(settings.LIVE_STREAMS, max(wanted, soft) - SPARE)
        if threading.current_thread() is not threading.main_thread():
            return
        # A server that is told to end waits for what is open, and streams would stay open.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)

            def end(number, frame, handler=handler):
                loop.call_soon_threadsafe(self.end_all)
                if callable(handler):
                    handler(number, frame)

            signal.signal(number, end)

    # --- One stream -----------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a stream: with events, or with what Django says instead."""
        # What this holds is held for as long as the stream is open: so nothing of the request.
        stream = await self._begin(scope, send)
        del scope
        if stream is None:
            return
        self._open(stream)
        try:
            stream.tell()
            # What changed since Django looked is not known yet.
            self.wake({stream.reader.user_pk})
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            stream.over = True
            self._close(stream)

    async def _begin(self, scope: Scope, send: Send) -> Stream | None:
        """The stream, if Django lets it begin."""
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._door, self._ask_django, scope)
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.items()
        ]
        headers += [(b"set-cookie", one.OutputString().encode()) for one in answer.cookies.values()]
        if isinstance(answer, OpenStream):
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        await send(
            {"type": "http.response.start", "status": answer.status_code, "headers": headers}
        )
        if isinstance(answer, OpenStream):
            return Stream(answer.reader, answer.version, next(self._turns), send)
        await send({"type": "http.response.body", "body": answer.content})
        return None

    def _ask_django(self, scope: Scope) -> HttpResponse:
        """The view `live`, with everything that stands around views."""
        request_started.send(sender=type(self), scope=scope)
        request = ASGIRequest(dict(scope), BytesIO())
        request.streams = self  # type: ignore[attr-defined]
        response = self.pages(request)
        response.close()  # ends the request: its database connection is given back
        return response

    def _open(self, stream: Stream) -> None:
        self._by_person[stream.reader.user_pk].add(stream)
        self._count += 1
        if not self._tasks:
            self._woken = asyncio.Event()
            work = (self._look_when_woken(), self._look_after(), bus().listen(self.wake))
            self._tasks = [asyncio.create_task(one) for one in work]
        if self._ending:
            self.end_all()

    def _close(self, stream: Stream) -> None:
        theirs = self._by_person[stream.reader.user_pk]
        theirs.discard(stream)
        if not theirs:
            del self._by_person[stream.reader.user_pk]
        self._count -= 1

    # --- All of them ----------------------------------------------------------------------------

    def wake(self, user_pks: Iterable[int] | None) -> None:
        """Look what is new for these people, or for everybody. In the event loop."""
        if user_pks is None:
            self._wanted = None
        elif self._wanted is not None:
            self._wanted.update(user_pks)
        self._woken.set()

    def end_all(self) -> None:
        """The server is about to end."""
        self._ending = True
        self._end(self._all())
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _all(self) -> list[Stream]:
        return [stream for theirs in self._by_person.values() for stream in theirs]

    def _end(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            self._keep(asyncio.create_task(stream.end()))

    _kept: set[asyncio.Task] = set()

    def _keep(self, task: asyncio.Task) -> None:
        # The loop itself holds tasks weakly.
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def _look_when_woken(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            wanted, self._wanted = self._wanted, set()
            here = self._by_person.keys()
            await self._look(here if wanted is None else here & wanted)

    async def _look_after(self) -> None:
        """Signs of life, and now and then a look at everybody."""
        alone = 0
        for second in itertools.count():
            await asyncio.sleep(1)
            alone = 0 if self._count else alone + 1
            if alone > LINGER:
                break
            for stream in self._all():
                if stream.turn == second % HEARTBEAT:
                    stream.tell()  # once more: scripts hear no comments
            if second % SWEEP == 0:
                await self._look(self._by_person.keys(), thoroughly=True)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _look(self, people: Collection[int], *, thoroughly: bool = False) -> None:
        """Tell those whose mailbox has a new version; end streams of those who may not hear it.

        Nobody is told anything without a look whether they are still signed in. `thoroughly`
        asks that of everybody.
        """
        if not people:
            return
        try:
            versions = await self._ask(versions_of, list(people))
            risen = [
                stream
                for pk in versions
                for stream in self._by_person.get(pk, ())
                if versions[pk] > stream.version
            ]
            asked = self._all() if thoroughly else risen
            alive = await self._ask(still_signed_in, [stream.reader for stream in asked])
        except Exception as error:  # whatever it was: the next look must come
            logger.warning("What is new could not be read; it is tried again: %s", error)
            return
        self._end(stream for stream in asked if stream.reader not in alive)
        for stream in risen:
            if stream.reader in alive:
                stream.version = max(versions[stream.reader.user_pk], stream.version)
                stream.tell()

    async def _ask(self, question: Callable[[Any], Any], about: list) -> Any:
        if not about:
            return question([])
        return await asyncio.get_running_loop().run_in_executor(self._desk, question, about)


streams = Streams()


def status() -> dict[str, str | int]:
    """The state of live updates in this process.

    `bus` is "ok", "lost" (events come late, none is missed) or "idle" (nobody is waiting here);
    `streams` is how many are open, `people` how many people they belong to.
    """
    return {"bus": bus().state, "streams": len(streams), "people": streams.people}
