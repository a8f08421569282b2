"""What of a thread is drawn: which branches stand open, and where a link takes over.

At most four levels below a message that stands on its own, fifty direct replies at a time, a
hundred messages a page. The rest stays behind a pill, a "more" or a "Continue": drawn later,
and unread until then.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from chats.frames import Frame
from chats.presentation import MESSAGE_FLAGS, MESSAGE_STRINGS, message_url
from messaging.models import Message
from messaging.threads import Branch, Row, Step, grow, walk

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from chats.presentation import Person, Presenter, ShownMessage

LEVELS = 4  # of replies below a message that stands on its own
REPLIES = 50  # direct replies drawn at a time
DRAWN = 100  # messages on one page
KNOWN = 2_000  # rows of one thread that are placed and counted
MANY = 100  # "99+" is said of so many


@dataclass(slots=True)
class Opened:
    """A branch whose replies are drawn: which of them, and what stands for the others."""

    replies: list[Branch]
    more_after: int = 0  # the reply after which others are left out; 0: none are
    more_before: int = 0  # the reply that ends the gap; 0: it goes on to the end
    more_count: int = 0


@dataclass(slots=True)
class Ends:
    """What a pill says of the replies behind it."""

    people: list[Person]  # who wrote the first and the last
    last: str  # when the last was sent


@dataclass(slots=True)
class Event:
    """One step of drawing. `templates/partials/step.html` has a case for each kind.

    `message` and `leave` begin and end an item, `open` and `close` its replies. `pill` and
    `continue` stand for replies that are not drawn, `more` for those between two that are.
    `day` stands above the messages of a day.
    """

    kind: str
    m: ShownMessage | None = None
    branch: Branch | None = None
    level: int = 0  # of the message, or of the one whose replies these are
    opened: Opened | None = None
    ends: Ends | None = None
    at_least: bool = False  # the branch may hold more than it counts
    first_unread: bool = False
    focus: bool = False  # its link or summary takes the focus
    day: str = ""

    @property
    def frame(self) -> Frame:
        return STEPS[self.kind]

    @property
    def count(self) -> str:
        """How many replies there are below, as it is said."""
        return said_count(self.branch.below, self.at_least) if self.branch else ""

    @property
    def plural(self) -> int:
        """The number whose plural form goes with that."""
        return min(self.branch.below, MANY) if self.branch else 0

    @property
    def has_unread(self) -> bool:
        return self.branch is not None and self.branch.unread_below > 0

    @property
    def unread(self) -> str:
        return said_count(self.branch.unread_below) if self.branch else ""

    @property
    def has_whose(self) -> bool:
        """Whether the message is drawn here, so that it can be said whose it is."""
        return self.m is not None

    @property
    def has_ends(self) -> bool:
        return self.ends is not None

    @property
    def faces(self) -> SafeString:
        people = self.ends.people if self.ends else []
        return SafeString("".join(person.avatar for person in people))

    @property
    def url(self) -> str:
        return message_url(self.branch.pk) if self.branch else ""

    @property
    def parent_url(self) -> str:
        return message_url(self.branch.parent_pk) if self.branch and self.branch.parent_pk else ""

    @property
    def below(self) -> int:
        """The level of the replies, which what they ask for takes along."""
        return self.level + 1

    @property
    def more(self) -> str:
        return said_count(self.opened.more_count) if self.opened else ""

    @property
    def more_plural(self) -> int:
        return min(self.opened.more_count, MANY) if self.opened else 0

    @property
    def has_end(self) -> bool:
        """Whether the gap ends before a reply that is drawn."""
        return self.opened is not None and self.opened.more_before > 0


def _step(gaps: str = "", choices: str = "") -> Frame:
    return Frame("partials/step.html", "e", gaps=gaps.split(), choices=["kind", *choices.split()])


# What `templates/partials/step.html` asks for at each kind of step.
STEPS = {
    "message": _step(
        gaps=" ".join(f"m.{name}" for name in MESSAGE_STRINGS),
        choices="first_unread " + " ".join(f"m.{name}" for name in MESSAGE_FLAGS),
    ),
    "leave": _step(),
    "open": _step("branch.pk count below", "plural focus"),
    "close": _step(),
    "pill": _step("branch.pk url count faces unread ends.last", "plural has_ends has_unread"),
    "continue": _step("url count unread m.whose", "plural has_unread has_whose focus"),
    "more": _step("parent_url branch.pk opened.more_before level more", "more_plural has_end"),
    "day": _step("day"),
}


def said_count(number: int, at_least: bool = False) -> str:
    """ "12"; "99+" from a hundred on; "12+" when there may be more than were counted."""
    if number >= MANY:
        return f"{MANY - 1}+"
    return f"{number}+" if at_least else str(number)


@dataclass
class Drawing:
    """Chooses what stands open, and says step by step how it is drawn."""

    at_least: bool = False
    opened: dict[int, Opened] = field(default_factory=dict)
    ends: dict[int, Ends] = field(default_factory=dict)

    def open(self, tops: Iterable[Branch], *, level: int, room: int) -> None:
        """Open `tops`, drawn at `level`, and what fits below them, into `room` messages.

        What holds something unread comes first, then what is nearer to the top.
        """
        waiting = [(not top.unread_below, level, top.pk, top) for top in tops if top.replies]
        heapq.heapify(waiting)
        while waiting:
            _all_read, its_level, pk, branch = heapq.heappop(waiting)
            shown = branch.replies[:REPLIES]
            if its_level >= LEVELS or len(shown) > room:
                continue
            room -= len(shown)
            left_out = len(branch.replies) - len(shown)
            self.opened[pk] = Opened(shown, shown[-1].pk if left_out else 0, 0, left_out)
            for reply in shown:
                if reply.replies:
                    entry = (not reply.unread_below, its_level + 1, reply.pk, reply)
                    heapq.heappush(waiting, entry)

    def drawn_pks(self) -> list[int]:
        return [reply.pk for opened in self.opened.values() for reply in opened.replies]

    def events(
        self, tops: Iterable[Branch], shown: dict[int, ShownMessage], *, level: int
    ) -> Iterator[Event]:
        """How `tops`, at `level`, and all that hangs below them is drawn."""
        level -= 1
        for step, branch in walk(tops, self._drawn_replies):
            opened = self.opened.get(branch.pk)
            if step is Step.ENTER:
                level += 1
                message = shown.get(branch.pk)
                yield Event("message", message, branch, level)
                if opened:
                    yield Event("open", message, branch, level, opened, at_least=self.at_least)
                elif branch.below:
                    kind = "continue" if level >= LEVELS else "pill"
                    ends = self.ends.get(branch.pk)
                    yield Event(kind, message, branch, level, ends=ends, at_least=self.at_least)
            else:
                if opened:
                    yield Event("close", None, branch, level)
                yield Event("leave", None, branch, level)
                yield from self._gap_after(branch, level)
                level -= 1

    def _drawn_replies(self, branch: Branch) -> list[Branch]:
        opened = self.opened.get(branch.pk)
        return opened.replies if opened else []

    def _gap_after(self, branch: Branch, level: int) -> Iterator[Event]:
        parent = self.opened.get(branch.parent_pk) if branch.parent_pk else None
        if parent and parent.more_after == branch.pk:
            yield Event("more", None, branch, level - 1, parent)


def rows_of_threads(threads: Iterable[int], reader: User) -> list[Row]:
    """All that hangs below these roots."""
    return _rows(Message.objects.filter(thread__in=list(threads)), reader)


def rows_below(
    parent_pk: int, reader: User, *, after: int = 0, before: int = 0
) -> tuple[list[Row], int]:
    """The next fifty replies to a message with what hangs below them, and how many are left out.

    `after` and `before` are ids of replies: those between them count. At most `KNOWN` rows, and
    never more than a hundred left out: the caller says "99+".
    """
    replies = Message.objects.filter(parent_message=parent_pk, pk__gt=after)
    if before:
        replies = replies.filter(pk__lt=before)
    replies = replies.order_by("pk")
    first = replies.values("pk")[:REPLIES]
    rows = _rows(Message.objects.descendants_and(Message.objects.filter(pk__in=first)), reader)
    last = max((row.pk for row in rows if row.parent_pk == parent_pk), default=None)
    direct = sum(row.parent_pk == parent_pk for row in rows)
    left_out = 0
    if last is not None and direct >= REPLIES:
        left_out = replies.filter(pk__gt=last)[:MANY].count()
    return rows, left_out


def _rows(messages, reader: User) -> list[Row]:
    found = messages.order_by().values_list("pk", "parent_message_id", "read", "receiver_id")
    return [
        Row(pk, parent_pk, unread=not read and receiver_pk == reader.pk)
        for pk, parent_pk, read, receiver_pk in found[: KNOWN + 1]
    ]


def load(pks: Iterable[int], presenter: Presenter) -> dict[int, ShownMessage]:
    """Messages as the reader sees them, by id: one query."""
    messages = Message.objects.filter(pk__in=list(pks)).for_display()
    return {message.pk: presenter.show(message) for message in messages}


def below(
    parent_pk: int,
    presenter: Presenter,
    reader: User,
    *,
    level: int,
    after: int = 0,
    before: int = 0,
    ensure: int = 0,
) -> list[Event]:
    """How what hangs below a message, itself drawn at `level`, is drawn: three queries at most.

    Direct replies between the ids `after` and `before` count. `ensure` is the id of a direct
    reply that is drawn in any case, behind a gap if need be.
    """
    rows, left_out = rows_below(parent_pk, reader, after=after, before=before)
    top = grow(rows[:KNOWN], [parent_pk])[parent_pk]
    drawing = Drawing(at_least=len(rows) > KNOWN or left_out > 0)
    drawing.open([top], level=level, room=DRAWN)
    top.below += left_out
    opened = drawing.opened.get(parent_pk)
    if opened and left_out:
        opened.more_after = opened.replies[-1].pk
        opened.more_before = before
        opened.more_count = left_out
        if ensure > opened.more_after:
            opened.more_before = ensure
            opened.more_count -= 1
            opened.replies = [*opened.replies, Branch(ensure, parent_pk, unread=False)]
    shown = load(drawing.drawn_pks(), presenter)
    return list(drawing.events([top], shown, level=level))[1:-1]  # without the message itself
