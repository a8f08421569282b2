"""The event loop of a process that shares its port with others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any


class FairAcceptLoop(asyncio.SelectorEventLoop):
    """An event loop of asyncio that accepts one connection a round.

    asyncio accepts as many connections at once as may wait at the socket. The first process to wake
    would take all connections of one moment, and keep them until they close. If it takes one a
    round, idle processes take the others.
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
        sock.listen(backlog)  # asyncio has set it to 1
        return server
