"""The floor of `benchmarks.live`: an application whose streams send one version and then wait."""

from __future__ import annotations

from typing import Any

EVENT = b"event: version\ndata: 1\n\n"


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (message := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{message}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    stays = scope["path"] == "/live/"
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": EVENT, "more_body": stays})
    while stays and (await receive())["type"] != "http.disconnect":
        pass
