"""Parley for an ASGI server: Django's pages on threads, beside what needs none."""

import asyncio
import logging
from typing import cast

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import HTTPScope, Receive, Scope, Send
from a2wsgi.wsgi_typing import WSGIApp

from messaging_app.wsgi import application as django

# isort: split
# Only now Django is set up, and its applications can be imported.
from chats.live.event_stream import streams
from operations.caches.expiry import keep_sweeping
from operations.server.request_bodies import whole_body, with_body

# As many as the PostgreSQL pool has connections by default: one more would only wait for one.
# On SQLite each thread keeps a connection of its own.
THREADS = 10

# Pieces of an answer that may wait for a slow reader before they hold up a thread. Files are cut
# in pieces of 4 KiB, so this lets go of any static file at once.
PIECES = 128

pages = WSGIMiddleware(cast(WSGIApp, django), workers=THREADS, send_queue_size=PIECES)

# Who may open a stream is Django's to say, with all its middleware; then it needs Django no more.
STREAMS = "/live/"
streams.pages = django.get_response


def _is_news(record: logging.LogRecord) -> bool:
    """Not the traceback of a page that was still being made when the server had to go."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


logging.getLogger("uvicorn.error").addFilter(_is_news)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request; what does not belong to Django is told apart by its path here."""
    if scope["type"] == "http":
        if scope.get("path") == STREAMS:
            await streams(_as_sent(scope), receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return  # there is nobody to answer
        scope, receive = with_body(_as_sent(scope), body)
    elif scope["type"] == "lifespan":
        streams.prepare()
        keep_sweeping()
    await pages(scope, receive, send)


def _as_sent(scope: HTTPScope) -> HTTPScope:
    """`scope` without headers that could pass for others.

    WSGI writes "X_Forwarded_For" and "X-Forwarded-For" as one: the first, which a proxy may let
    through, could pass for the second, which it sets itself.
    """
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    return scope | {"headers": headers}
