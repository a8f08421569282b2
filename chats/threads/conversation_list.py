"""The list of messages of a conversation: what `chats.views.conversation_messages` shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from chats.http.params import LARGEST_ID
from chats.threads.layout import DRAWN, Drawing, Ends, LayoutStep, load
from chats.threads.reply_rows import KNOWN, rows_of_threads
from common.compiled_queries import CompiledQuery
from messaging.models import Message
from messaging.threads import Branch, grow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from chats.message_view_model import Presenter, ShownMessage
    from messaging.models import Conversation

ROOTS = 20  # top-level messages on one page
OPENED = 500  # replies; a longer thread is not opened unasked, but says that it holds something new


@dataclass(slots=True)
class Feed:
    events: list[LayoutStep]
    older_before: int = 0  # the id before which there are older ones; 0: there are none
    first_day: str = ""  # the divider of the first message, where there are older ones
    drawn: int = 0  # top-level messages


def conversation_feed(
    reader: User, presenter: Presenter, conversation: Conversation, before: int = 0, after: int = 0
) -> Feed:
    """Twenty top-level messages, those before the id `before` or the newest, oldest first; those
    after the id `after` only, if it is given.

    Threads that hold something unread stand open, a hundred messages in all at most.
    """
    newest = _NEWEST.rows(conversation.pk, after, before or LARGEST_ID)
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
    events = list(_divided(drawing.events(in_order, shown, level=0), presenter))
    _mark_first_unread(events)
    feed = Feed(events, drawn=len(found))
    if len(newest) > ROOTS:
        feed.older_before = found[0].pk
        # It goes with the link: the older messages bring their own dividers.
        feed.first_day = events.pop(0).day
    if before:
        feed.events += _divider_below(conversation, found[-1:], before, presenter)
    return feed


def _newest(conversation: int, after: int, before: int) -> QuerySet[Message]:
    # Without what `for_display` joins: they answer nothing, and both people are known.
    between = Message.objects.filter(conversation=conversation, pk__gt=after, pk__lt=before)
    roots = between.top_level()
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


def appended(message: Message, presenter: Presenter) -> list[LayoutStep]:
    """How a message that begins a thread is added below those that are shown."""
    events = _below_earlier(message, presenter)
    shown = {message.pk: presenter.show(message)}
    top = Branch(message.pk, None, unread=False)
    return [*events, *Drawing().events([top], shown, level=0)]


def _below_earlier(message: Message, presenter: Presenter) -> list[LayoutStep]:
    """The divider above the first message of a day."""
    earlier = message.conversation.messages.top_level().filter(pk__lt=message.pk)
    last = earlier.newest(1).values_list("timestamp", flat=True).first()
    day = presenter.clock.local(message.timestamp).date()
    if last is not None and presenter.clock.local(last).date() == day:
        return []
    return [LayoutStep("day", day=presenter.clock.divider(day))]


def _divider_below(
    conversation: Conversation, last: list[Message], before: int, presenter: Presenter
) -> list[LayoutStep]:
    """The divider that the message `before` lost with the link to these older ones."""
    # It may have been deleted since: what came after it then stands at the top.
    lower = conversation.messages.top_level().filter(pk__gte=before).order_by("id")
    below = lower.values_list("timestamp", flat=True).first()
    if below is None or not last:
        return []
    day = presenter.clock.local(below).date()
    if day == presenter.clock.local(last[0].timestamp).date():
        return []
    return [LayoutStep("day", day=presenter.clock.divider(day))]


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


def _divided(events: Iterable[LayoutStep], presenter: Presenter) -> Iterator[LayoutStep]:
    """`events` with a divider above the first top-level message of each day."""
    day: date | None = None
    for event in events:
        if event.kind == "message" and event.level == 0 and event.m and event.m.day != day:
            day = event.m.day
            yield LayoutStep("day", day=presenter.clock.divider(day))
        yield event


def _mark_first_unread(events: Iterable[LayoutStep]) -> None:
    for event in events:
        if event.kind == "message" and event.m and event.m.unread:
            event.first_unread = True
            return
