"""The measured requests and their budgets, which docs/performance.md explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode
from uuid import uuid4

from benchmarks.world import Landmarks


@dataclass(frozen=True)
class Request:
    """A request of a browser; with `part`, a request by htmx."""

    path: str
    part: bool = False
    form: dict[str, str] | None = None
    reader: int = 0  # the id of the person who asks; 0: the reader of the landmarks

    @property
    def method(self) -> str:
        return "GET" if self.form is None else "POST"

    @property
    def body(self) -> bytes:
        return urlencode(self.form or {}).encode()


@dataclass(frozen=True)
class Case:
    """One kind of request, and its budget."""

    name: str
    queries: int  # the most SQL statements
    ratio: float  # the most time, as a multiple of the floor
    request: Callable[[Landmarks], Request]
    # With an empty cache, as for the first reader of a page.
    cold: bool = False
    # A text that the answer must contain: it proves that the right thing is measured.
    shows: str = ""


FLOOR = Case("Floor: a signed-in view of a few bytes", 2, 1, lambda at: Request("/floor/"))


# Each reply answers another message. With many replies to one message, each answer would be longer.
SENT = count()


def _reply(pk: int) -> Request:
    text = {"content": "Good, see you there.", "client_key": str(uuid4())}
    return Request(f"/m/{pk}/reply/", part=True, form=text)


CASES = (
    Case(
        "Conversation page, first view",
        *(13, 13),
        lambda at: Request(f"/c/{at.conversation}/"),
        cold=True,
        shows='id="composer"',
    ),
    Case(
        "Conversation page, list cached",
        *(8, 5),
        lambda at: Request(f"/c/{at.conversation}/"),
        shows='id="composer"',
    ),
    Case(
        "List of messages alone, cached",
        *(3, 1.7),
        lambda at: Request(f"/c/{at.conversation}/messages/", part=True),
        shows='id="feed"',
    ),
    Case("Inbox", *(6, 9), lambda at: Request("/inbox/"), shows='class="card-u"'),
    Case("Unread badge", *(3, 1.4), lambda at: Request("/badge/"), shows='id="unread-count"'),
    Case(
        "Open the long thread, first 50 replies",
        *(6, 11),
        lambda at: Request(f"/m/{at.thread}/?part=thread", part=True),
        shows="more repl",
    ),
    Case(
        "Send a reply, to a reply in the long thread",
        *(18, 6),
        lambda at: _reply(at.unanswered[next(SENT) % len(at.unanswered)]),
        shows='id="conversation-list"',
    ),
    Case(
        "Edit history, 12 earlier texts",
        *(5, 4),
        lambda at: Request(f"/m/{at.edited}/history/", part=True),
        shows="<ins>",
    ),
    # More than the budgets of the design: pages where growth would show.
    Case(
        "Conversation page, first view, long thread on it",
        *(13, 13),
        lambda at: Request(f"/c/{at.threaded}/"),
        cold=True,
        shows="99+ replies",
    ),
    Case(
        "Conversation page, first view, much unread elsewhere",
        *(13, 17),
        lambda at: Request(f"/c/{at.flooded_conversation}/", reader=at.flooded),
        cold=True,
        shows='id="composer"',
    ),
    Case(
        "The deepest message of the chain",
        *(8, 9),
        lambda at: Request(f"/m/{at.chain_leaf}/"),
        shows='class="above"',
    ),
)
