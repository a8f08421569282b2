"""What a browser sends, taken in whole before Django sees any of it."""

from typing import cast

from a2wsgi.asgi_typing import HTTPRequestEvent, Receive
from django.conf import settings


async def whole_body(receive: Receive) -> Receive | None:
    """A `receive` that has the whole body at once, or None if the connection broke before its end.

    WSGI can't tell a body that was cut off from one that ends: half a message would be sent, with
    the key that its second attempt needs. And nobody's slow line keeps a thread waiting.

    What is larger than Django would read is not kept: it says so by the length alone.
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

    async def receive_at_once() -> HTTPRequestEvent:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return receive_at_once
