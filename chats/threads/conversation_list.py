"""The list of messages of a conversation: what `chats.views.conversation_messages` shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from chats.http.params import LARGEST_ID
from chats.threads.layout import DRAWN, Drawing, load
from chats.threads.layout_steps import (
    DayStep,
    EndOfMessage,
    Ends,
    LayoutStep,
    MessageStep,
    NewLineStep,
)
from chats.threads.reply_rows import KNOWN, rows_of_threads
from common.compiled_queries import CompiledQuery
from messaging.managers import ACTIVITY
from messaging.models import Message
from messaging.threads import Branch, grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from chats.message_view_model import Presenter, ShownMessage
    from messaging.managers import MessageQuerySet
    from messaging.models import Conversation

ROOTS = 20  # top-level messages on one page
OPENED = 500  # replies; a longer thread is not opened unasked, but says that it holds something new


@dataclass(slots=True)
class Feed:
    steps: list[LayoutStep]
    older_before: int = 0  # the id before which there are older ones; 0: there are none
    first_day: DayStep | None = None  # the divider of the first message, where there are older ones


def conversation_feed(
    reader: User, presenter: Presenter, conversation: Conversation, before: int = 0, after: int = 0
) -> Feed:
    """Twenty top-level messages, those before the id `before` or the newest, oldest first; those
    after the id `after` only, if it is given.

    Where the reader has the conversation in the order of latest activity, it is the newest message
    of a thread whose id counts. Threads that hold something unread stand open, a hundred messages
    in all at most.
    """
    by_activity = conversation.by_activity
    listed = _LATEST_ACTIVE if by_activity else _NEWEST
    newest = listed.rows(conversation.pk, after, before or LARGEST_ID)
    found = newest[:ROOTS][::-1]
    counts = counts_of(found)
    unread = Message.unread.counts_by_thread(conversation, reader, counts.keys())

    tops = {message.pk: Branch(message.pk, None, unread=False) for message in found}
    opening = _opened_whole(unread, counts)
    if opening:
        tops |= grow(rows_of_threads(opening, reader), opening)
    for pk, (replies, _first, _last) in counts.items():
        tops[pk].below = replies
        tops[pk].unread_below = unread.get(pk, 0)

    drawing = Drawing()
    drawing.open(tops.values(), level=0, room=DRAWN - len(found))
    closed = {pk: ends for pk, (_n, *ends) in counts.items() if pk not in drawing.opened}
    shown = {message.pk: presenter.show(message) for message in found}
    if wanted := {*drawing.drawn_pks(), *chain.from_iterable(closed.values())}:
        shown |= load(wanted, presenter)
    drawing.ends = ends_of(closed, shown)
    in_order = [tops[message.pk] for message in found]
    days = {root.pk: presenter.clock.local(root.active_at).date() for root in found if by_activity}
    steps = list(_divided(drawing.steps(in_order, shown, level=0), presenter, days))
    feed = Feed(steps)
    if len(newest) > ROOTS:
        feed.older_before = found[0].activity if by_activity else found[0].pk
        # It goes with the link: the older messages bring their own dividers.
        first, *feed.steps = steps
        assert isinstance(first, DayStep)  # noqa: S101 - a list that holds a message begins with one
        feed.first_day = first
    feed.steps = _with_new_line(feed.steps)
    if before:
        feed.steps += _divider_below(conversation, found[-1:], before, presenter)
    return feed


def _latest_active(conversation: int, after: int, before: int) -> QuerySet[Message]:
    roots = Message.objects.filter(conversation=conversation).top_level().with_activity()
    between = roots.filter(activity__gt=after, activity__lt=before)
    # Ids first, from the index: what is counted for each is counted for twenty.
    pks = between.order_by("-activity").values("pk")[: ROOTS + 1]
    listed: MessageQuerySet = Message.objects.filter(pk__in=pks)
    return listed.with_replies(OPENED + 1).with_activity().order_by(ACTIVITY.desc())


_LATEST_ACTIVE = CompiledQuery(_latest_active)


def _newest(conversation: int, after: int, before: int) -> QuerySet[Message]:
    # Without what `for_display` joins: they answer nothing, and both people are known.
    between = Message.objects.filter(conversation=conversation, pk__gt=after, pk__lt=before)
    roots: MessageQuerySet = between.top_level()
    return roots.newest(ROOTS + 1).with_replies(OPENED + 1)


_NEWEST = CompiledQuery(_newest)


def counts_of(roots: Iterable[Message]) -> dict[int, tuple[int, int, int]]:
    """For each of `roots`, read `with_replies`, that has any: how many, the first one's id, the
    last one's.
    """
    return {
        root.pk: (root.reply_count, root.first_reply, root.last_reply)
        for root in roots
        if root.reply_count
    }


def appended(
    message: Message, conversation: Conversation, presenter: Presenter
) -> list[LayoutStep]:
    """The steps that add a message that begins a thread below those that are shown."""
    shown = presenter.show(message)
    earlier = Message.objects.filter(conversation=conversation, pk__lt=message.pk)
    if not conversation.by_activity:
        earlier = earlier.top_level()
    last = earlier.newest(1).values_list("timestamp", flat=True).first()
    is_same_day = last is not None and presenter.clock.local(last).date() == shown.day
    divider = [] if is_same_day else [divider_above(shown, presenter)]
    return [*divider, MessageStep(shown), EndOfMessage()]


def divider_above(message: ShownMessage, presenter: Presenter) -> DayStep:
    """The divider of the day on which `message` was sent."""
    return _divider(message.day, presenter)


def _divider(day: date, presenter: Presenter) -> DayStep:
    return DayStep(presenter.clock.divider(day), day.isoformat())


def _divider_below(
    conversation: Conversation, last: list[Message], before: int, presenter: Presenter
) -> list[LayoutStep]:
    """The divider that the message `before` lost with the link to these older ones."""
    # It may have been deleted since: what came after it then stands at the top.
    roots = conversation.messages.top_level()
    if conversation.by_activity:
        lower = roots.with_activity().filter(activity__gte=before).order_by("activity")
        below = lower.values_list("active_at", flat=True).first()
    else:
        lower = roots.filter(pk__gte=before).order_by("id")
        below = lower.values_list("timestamp", flat=True).first()
    if below is None or not last:
        return []
    above = last[0].active_at if conversation.by_activity else last[0].timestamp
    day = presenter.clock.local(below).date()
    if day == presenter.clock.local(above).date():
        return []
    return [_divider(day, presenter)]


def _opened_whole(unread: dict[int, int], counts: dict[int, tuple[int, int, int]]) -> list[int]:
    """The threads with something unread that are opened unasked: the newest, as long as all of
    their rows can be read. Half a thread would look as if it were all.
    """
    opening = []
    room = KNOWN
    for pk in sorted(unread, reverse=True):
        replies = counts[pk][0]
        if replies <= min(OPENED, room):
            opening.append(pk)
            room -= replies
    return opening


def ends_of(closed: dict[int, list[int]], shown: dict[int, ShownMessage]) -> dict[int, Ends]:
    """Who wrote the first and the last reply of the threads that stay closed, and when."""
    said = {}
    for root, pks in closed.items():
        # One that was deleted meanwhile is not shown.
        ends = [shown[pk] for pk in pks if pk in shown]
        if ends:
            faces = dict.fromkeys(message.avatar for message in ends)
            said[root] = Ends(SafeString("".join(faces)), ends[-1].when)
    return said


def _divided(
    steps: Iterable[LayoutStep], presenter: Presenter, days: dict[int, date]
) -> Iterator[LayoutStep]:
    """`steps` with a divider above the first top-level message of each day: that of `days`, or the
    day on which it was sent.
    """
    day: date | None = None
    for step in steps:
        if isinstance(step, MessageStep) and step.level == 0:
            its_day = days.get(step.m.pk, step.m.day)
            if its_day != day:
                day = its_day
                step.joins = False
                yield _divider(day, presenter)
        yield step


def _with_new_line(steps: list[LayoutStep]) -> list[LayoutStep]:
    """`steps` with the line "New" above the first unread message that begins a thread."""
    for at, step in enumerate(steps):
        if isinstance(step, MessageStep) and step.level == 0 and step.m.unread:
            step.joins = False
            stopped = any(isinstance(above, MessageStep) for above in steps[:at])
            return [*steps[:at], NewLineStep(stopped), *steps[at:]]
    return steps
