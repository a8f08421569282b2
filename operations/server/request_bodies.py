"""What a browser sends, taken in whole before Django sees any of it."""

from typing import cast

from a2wsgi.asgi_typing import HTTPRequestEvent, HTTPScope, Receive
from django.conf import settings


async def whole_body(receive: Receive) -> bytes | None:
    """All that was sent, or None if the connection broke before its end.

    WSGI can't tell a body that was cut off from one that ends: half a message would be sent, with
    the key that its second attempt needs. And nobody's slow line keeps a thread waiting.

    Of what is larger than Django would read, only as much is kept as shows that it is.
    """
    body, more = bytearray(), True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        piece = cast(HTTPRequestEvent, event)
        more = piece.get("more_body", False)
        if len(body) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            body += piece.get("body", b"")
    return bytes(body)


def with_body(scope: HTTPScope, body: bytes) -> tuple[HTTPScope, Receive]:
    """A request that has its body, and says how long it is: one sent in chunks does not."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))

    async def receive() -> HTTPRequestEvent:
        return {"type": "http.request", "body": body, "more_body": False}

    return scope | {"headers": headers}, receive
