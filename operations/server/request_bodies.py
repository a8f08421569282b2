"""Receives the whole body of a request before Django gets the request."""

from typing import cast

from a2wsgi.asgi_typing import HTTPRequestEvent, HTTPScope, Receive
from django.conf import settings


async def whole_body(receive: Receive) -> bytes | None:
    """The body of a request, or None if the client disconnected before its end.

    WSGI cannot distinguish a body that was cut off from a complete one: half a message would be
    sent, under the key that the second attempt needs. Also, no thread waits for a slow client.

    Of a body that is larger than Django accepts, only the beginning is kept: enough for Django to
    refuse it.
    """
    body, more = bytearray(), True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        chunk = cast(HTTPRequestEvent, event)
        more = chunk.get("more_body", False)
        if len(body) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            body += chunk.get("body", b"")
    return bytes(body)


def with_body(scope: HTTPScope, body: bytes) -> tuple[HTTPScope, Receive]:
    """The scope and the receive function of a request whose body has been received.

    Its headers state the length of the body, which a request in chunks lacks.
    """
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))

    async def receive() -> HTTPRequestEvent:
        return {"type": "http.request", "body": body, "more_body": False}

    return scope | {"headers": headers}, receive
