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

from chats.compiled_templates import CompiledTemplate
from chats.message_view_model import MESSAGE_FLAGS, MESSAGE_STRINGS, message_url
from chats.threads.reply_rows import MANY, REPLIES, count_some, direct_replies, known_below
from messaging.models import Message
from messaging.threads import Branch, Step, walk

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from chats.message_view_model import Presenter, ShownMessage

LEVELS = 4  # of replies below a message that stands on its own
DRAWN = 100  # messages on one page


@dataclass(slots=True)
class Gap:
    """Replies that are left out between two that are drawn, or after the last one."""

    count: int
    before: int = 0  # the reply that ends the gap; 0: it goes on to the end


@dataclass(slots=True)
class Opened:
    """A branch whose replies are drawn: which of them, and what is left out after which."""

    replies: list[Branch]
    gaps: dict[int, Gap] = field(default_factory=dict)


@dataclass(slots=True)
class Ends:
    """What a pill says of the replies behind it."""

    faces: SafeString  # of who wrote the first and the last
    last: str  # when the last was sent


@dataclass(slots=True)
class LayoutStep:
    """One step of drawing. `templates/partials/step.html` has a case for each kind.

    `message` and `leave` begin and end an item, `open` and `close` its replies; `count` is what
    `open` says of their number. `pill` and `continue` stand for replies that are not drawn, `more`
    for those between two that are. `day` stands above the messages of a day.
    """

    kind: str
    m: ShownMessage | None = None
    branch: Branch | None = None
    level: int = 0  # of the message, or of the one whose replies these are
    gap: Gap | None = None
    ends: Ends | None = None
    at_least: bool = False  # the branch may hold more than it counts
    first_unread: bool = False
    focus: bool = False  # its link or summary takes the focus
    oob: bool = False  # it goes where the same one stands on the page
    day: str = ""

    @property
    def frame(self) -> CompiledTemplate:
        return STEPS[self.kind]

    @property
    def count(self) -> str:
        """How many replies there are below, as it is said."""
        return said_count(self.branch.below, self.at_least) if self.branch else ""

    @property
    def plural(self) -> int:
        """The number whose plural form goes with that."""
        return min(self.branch.below + self.at_least, MANY) if self.branch else 0

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
        return said_count(self.gap.count) if self.gap else ""

    @property
    def more_plural(self) -> int:
        return min(self.gap.count, MANY) if self.gap else 0

    @property
    def has_end(self) -> bool:
        """Whether the gap ends before a reply that is drawn."""
        return self.gap is not None and self.gap.before > 0


def _step(gaps: str = "", choices: str = "") -> CompiledTemplate:
    return CompiledTemplate(
        "partials/step.html", "e", gaps=gaps.split(), choices=["kind", *choices.split()]
    )


# What `templates/partials/step.html` asks for at each kind of step.
STEPS = {
    "message": _step(
        gaps=" ".join(f"m.{name}" for name in MESSAGE_STRINGS),
        choices="first_unread " + " ".join(f"m.{name}" for name in MESSAGE_FLAGS),
    ),
    "leave": _step(),
    "open": _step("branch.pk count below", "plural focus oob"),
    "count": _step("branch.pk count", "plural focus oob"),
    "close": _step(),
    "pill": _step("branch.pk url count ends.faces unread ends.last", "plural has_ends has_unread"),
    "continue": _step("url count unread m.whose", "plural has_unread has_whose focus"),
    "more": _step("parent_url branch.pk gap.before level more", "more_plural has_end oob"),
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
            self.opened[pk] = Opened(shown, {shown[-1].pk: Gap(left_out)} if left_out else {})
            for reply in shown:
                if reply.replies:
                    entry = (not reply.unread_below, its_level + 1, reply.pk, reply)
                    heapq.heappush(waiting, entry)

    def drawn_pks(self) -> list[int]:
        return [reply.pk for opened in self.opened.values() for reply in opened.replies]

    def events(
        self, tops: Iterable[Branch], shown: dict[int, ShownMessage], *, level: int
    ) -> Iterator[LayoutStep]:
        """How `tops`, at `level`, and all that hangs below them is drawn.

        A reply that is not among `shown` was deleted while this page was made.
        """

        def drawn_replies(branch: Branch) -> list[Branch]:
            opened = self.opened.get(branch.pk)
            return [reply for reply in opened.replies if reply.pk in shown] if opened else []

        level -= 1
        for step, branch in walk(tops, drawn_replies):
            opened = self.opened.get(branch.pk)
            if step is Step.ENTER:
                level += 1
                message = shown.get(branch.pk)
                yield LayoutStep("message", message, branch, level)
                if opened:
                    yield LayoutStep("open", message, branch, level, at_least=self.at_least)
                elif branch.below:
                    kind = "continue" if level >= LEVELS else "pill"
                    ends = self.ends.get(branch.pk)
                    yield LayoutStep(
                        kind, message, branch, level, ends=ends, at_least=self.at_least
                    )
            else:
                if opened:
                    yield LayoutStep("close", None, branch, level)
                yield LayoutStep("leave", None, branch, level)
                yield from self._gap_after(branch, level)
                level -= 1

    def _gap_after(self, branch: Branch, level: int) -> Iterator[LayoutStep]:
        parent = self.opened.get(branch.parent_pk) if branch.parent_pk else None
        if parent and branch.pk in parent.gaps:
            yield LayoutStep("more", None, branch, level - 1, parent.gaps[branch.pk])


def load(pks: Iterable[int], presenter: Presenter) -> dict[int, ShownMessage]:
    """Messages as the reader sees them, by id: one query, if there are any."""
    wanted = list(pks)
    if not wanted:  # Django asks nothing either, but only after it has written the question down
        return {}
    # Their authors are the two people whom the presenter knows.
    messages = Message.objects.filter(pk__in=wanted).for_display().select_related(None)
    return {message.pk: presenter.show(message) for message in messages}


def below(
    parent_pk: int,
    presenter: Presenter,
    reader: User,
    *,
    level: int,
    after: int = 0,
    before: int = 0,
    sent: ShownMessage | None = None,
) -> list[LayoutStep]:
    """How what hangs below a message, itself drawn at `level`, is drawn: seven queries at most.

    Direct replies between the ids `after` and `before` count. `sent` is a direct reply that is
    drawn in any case, behind a gap if need be.
    """
    known = known_below(parent_pk, reader, levels=LEVELS - level, after=after, before=before)
    top = known.top
    drawing = Drawing(at_least=known.at_least or known.left_out > 0)
    drawing.open([top], level=level, room=DRAWN)
    top.below += known.left_out
    opened = drawing.opened.get(parent_pk)
    if opened and known.left_out:
        last = opened.replies[-1].pk
        opened.gaps[last] = Gap(known.left_out, before)
        if sent and sent.pk > last:
            _draw_behind_gap(opened, parent_pk, sent.pk)
    shown = {sent.pk: sent} if sent else {}
    shown |= load((pk for pk in drawing.drawn_pks() if pk not in shown), presenter)
    return list(drawing.events([top], shown, level=level))[1:-1]  # without the message itself


def _draw_behind_gap(opened: Opened, parent_pk: int, pk: int) -> None:
    """Draw the direct reply `pk` as well, and let the gap end there. Others may follow: a reply
    that is sent a second time is the first one.
    """
    last = opened.replies[-1].pk
    opened.replies = [*opened.replies, Branch(pk, parent_pk, unread=False)]
    between = count_some(direct_replies(parent_pk, last, pk))
    beyond = count_some(direct_replies(parent_pk, pk))
    gaps = {last: Gap(between, pk), pk: Gap(beyond)}
    opened.gaps = {after: gap for after, gap in gaps.items() if gap.count}
