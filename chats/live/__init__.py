"""Word of news for every open window.

The truth is in the database; an event only says *look*. It names the version of its reader's
mailbox and nothing else, and the page asks for what is different (`chats.changes`). An event that
is lost costs time and no message.
"""

from chats.live.endpoint import Streams, bus

__all__ = ["bus", "status", "streams"]

streams = Streams()


def status() -> dict[str, str | int]:
    """How it goes in this process.

    `bus` is "ok", "lost" (word comes late, none is missed) or "idle" (nobody is waiting here);
    `streams` is how many are open, `people` how many people they belong to.
    """
    return {"bus": bus().state, "streams": len(streams), "people": streams.people}
