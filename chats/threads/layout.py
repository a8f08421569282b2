"""Decides what of a thread is drawn: which branches stand open, and where a link stands instead.

At most four levels below a message that stands on its own, fifty direct replies at a time, a
hundred messages a page. The rest stays behind a pill, a "more" or a "Continue": drawn later,
and unread until then.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chats.threads.layout_steps import (
    Count,
    EndOfMessage,
    EndOfReplies,
    Ends,
    Gap,
    LayoutStep,
    MessageStep,
    MoreStep,
    closed_step,
    replies_step,
)
from chats.threads.reply_rows import REPLIES, count_some, direct_replies, known_below
from messaging.models import Message
from messaging.threads import Branch, Step, walk

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from chats.message_view_model import Presenter, ShownMessage

LEVELS = 4  # of replies below a message that stands on its own
DRAWN = 100  # messages on one page
RUN = timedelta(minutes=5)  # between two messages of one author that are drawn as one run


@dataclass(slots=True)
class Opened:
    """A branch whose replies are drawn: which of them, and what is left out after which."""

    replies: list[Branch]
    gaps: dict[int, Gap] = field(default_factory=dict)


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

    def steps(
        self, tops: Iterable[Branch], shown: dict[int, ShownMessage], *, level: int
    ) -> Iterator[LayoutStep]:
        """The steps that draw `tops`, at `level`, and all that hangs below them.

        A reply that is not among `shown` was deleted while this page was made.
        """

        def drawn_replies(branch: Branch) -> list[Branch]:
            opened = self.opened.get(branch.pk)
            return [reply for reply in opened.replies if reply.pk in shown] if opened else []

        before: dict[int | None, Branch] = {}  # the sibling drawn last, by what both answer
        level -= 1
        for step, branch in walk(tops, drawn_replies):
            opened = self.opened.get(branch.pk)
            if step is Step.ENTER:
                level += 1
                earlier = before.get(branch.parent_pk)
                joins = (
                    earlier is not None
                    and not earlier.below
                    and is_run(shown[earlier.pk], shown[branch.pk])
                )
                before[branch.parent_pk] = branch
                yield MessageStep(shown[branch.pk], level, joins)
                if opened:
                    yield replies_step(branch, level, self.at_least)
                elif branch.below:
                    yield closed_step(
                        branch,
                        deepest=level >= LEVELS,
                        whose=shown[branch.pk].whose,
                        ends=self.ends.get(branch.pk),
                        at_least=self.at_least,
                    )
            else:
                if opened:
                    yield EndOfReplies()
                yield EndOfMessage()
                yield from self._gap_after(branch, level)
                level -= 1

    def steps_below(
        self, top: Branch, shown: dict[int, ShownMessage], whose: str, *, level: int
    ) -> list[LayoutStep]:
        """The steps that draw what hangs below `top`, which is itself drawn at `level`."""
        opened = self.opened.get(top.pk)
        if opened:
            replies = [reply for reply in opened.replies if reply.pk in shown]
            below = self.steps(replies, shown, level=level + 1)
            return [replies_step(top, level, self.at_least), *below, EndOfReplies()]
        if not top.below:
            return []
        deepest = level >= LEVELS
        return [closed_step(top, deepest=deepest, whose=whose, ends=None, at_least=self.at_least)]

    def _gap_after(self, branch: Branch, level: int) -> Iterator[LayoutStep]:
        parent = self.opened.get(branch.parent_pk) if branch.parent_pk else None
        if parent and branch.parent_pk and branch.pk in parent.gaps:
            gap = parent.gaps[branch.pk]
            count = Count.of(gap.count)
            yield MoreStep(branch.pk, branch.parent_pk, level - 1, count, gap.before)


def is_run(earlier: ShownMessage, later: ShownMessage) -> bool:
    """Whether `later` is drawn without its author, who wrote `earlier` just before it."""
    return (
        earlier.sender_pk == later.sender_pk
        and not earlier.deleted
        and not later.deleted
        and earlier.day == later.day
        and timedelta(0) <= later.moment - earlier.moment <= RUN
    )


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
    whose: str = "",
) -> list[LayoutStep]:
    """The steps that draw what hangs below a message, itself drawn at `level`. Seven queries at most.

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
    return drawing.steps_below(top, shown, whose, level=level)


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
