"""The ASGI application of the server: Django's pages on threads, and event streams beside them."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import HTTPScope, Receive, Scope, Send
from a2wsgi.wsgi_typing import WSGIApp
from django.core.handlers.wsgi import WSGIHandler

from chats.live.event_stream import streams
from operations.caches.expiry import keep_sweeping
from operations.server.request_bodies import whole_body, with_body

# The same as the default size of the PostgreSQL pool: another thread would only wait for a
# connection. On SQLite each thread keeps its own connection.
THREADS = 10

# Chunks of a response that may wait for a slow client before they block a thread. A file is sent in
# chunks of 4 KiB, so no static file of ours blocks a thread.
QUEUED_CHUNKS = 128

# The pools of this process, for `end_page_threads`.
_page_threads: list[ThreadPoolExecutor] = []

# The address at which Django decides whether a stream may open. The stream itself needs no Django.
STREAMS = "/live/"


class Application:
    """The ASGI application. Django answers requests for pages, `chats.live` those for streams."""

    def __init__(self, django: WSGIHandler) -> None:
        self._pages = WSGIMiddleware(
            cast(WSGIApp, django), workers=THREADS, send_queue_size=QUEUED_CHUNKS
        )
        _page_threads.append(self._pages.executor)
        streams.get_response = django.get_response
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancelled_page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope.get("path") == STREAMS:
                await streams(_without_ambiguous_headers(scope), receive, send)
                return
            body = await whole_body(receive)
            if body is None:
                return  # the client has disconnected
            scope, receive = with_body(_without_ambiguous_headers(scope), body)
        elif scope["type"] == "lifespan":
            streams.prepare()
            keep_sweeping()
        await self._pages(scope, receive, send)


def end_page_threads() -> bool:
    """End the page threads of this process. Returns False if one of them still renders a page.

    Called when the server has stopped. Requests that wait for a thread are dropped.
    """
    for executor in _page_threads:
        executor.shutdown(wait=False, cancel_futures=True)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("WSGI")]
    for thread in threads:
        thread.join(0.1)
    return not any(thread.is_alive() for thread in threads)


def _is_no_cancelled_page(record: logging.LogRecord) -> bool:
    """False for the traceback of a page that was being rendered when the server stopped."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _without_ambiguous_headers(scope: HTTPScope) -> HTTPScope:
    """`scope` without headers that WSGI would take for another header.

    WSGI gives "X_Forwarded_For" and "X-Forwarded-For" one name. A proxy may pass the first on from
    the client, and it could replace the second, which the proxy sets itself.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    return scope | {"headers": headers}
