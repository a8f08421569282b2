"""The event loop of a process that shares its port with others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any


class TakingTurns(asyncio.SelectorEventLoop):
    """asyncio's own, which lets in one connection a round.

    asyncio lets in as many at once as may wait at the socket. Of several processes the first to
    wake would have all who come at one moment, and keep them for as long as they stay. One a round
    leaves the others to whoever is idle.
    """

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        sock: socket.socket,
        backlog: int = 100,
        **options: Any,
    ) -> asyncio.Server:
        server = await super().create_server(protocol_factory, sock=sock, backlog=1, **options)
        sock.listen(backlog)  # asyncio has let no more than that one wait
        return server
