"""What is known of the replies below a message before any of them is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from chats.http.params import LARGEST_ID
from chats.threads.layout_steps import MANY
from common.compiled_queries import CompiledQuery
from messaging import unread
from messaging.managers import TREE_COLUMNS
from messaging.models import Message
from messaging.threads import Branch, Row, grow, walk

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from messaging.managers import MessageQuerySet

REPLIES = 50  # direct replies drawn at a time
KNOWN = 2_000  # rows of threads that are placed and counted


@dataclass(slots=True)
class Known:
    """The next fifty replies to a message, with what hangs below them."""

    top: Branch  # stands for the message itself
    left_out: int  # direct replies after those fifty; a hundred at most are counted
    at_least: bool  # there may be more below them than is counted


def rows_of_threads(threads: Iterable[int], reader: User, most: int = KNOWN) -> list[Row]:
    """All that hangs below these roots, whose replies are `most` together at most."""
    return _rows(Message.objects.filter(thread__in=list(threads)), reader, most)


def known_below(
    parent_pk: int, reader: User, *, levels: int, after: int = 0, before: int = 0
) -> Known:
    """What hangs below a message, of which so many `levels` will be drawn. Two queries where it
    is little, four at most.

    `after` and `before` are ids of direct replies: those between them count.
    """
    rows = _as_rows(_BELOW.rows(parent_pk, after, before or LARGEST_ID), reader)
    top = grow(rows, [parent_pk])[parent_pk]
    at_least = len(rows) > KNOWN
    if at_least:
        # Which rows stayed behind is the database's choice, and a branch drawn without some of
        # its replies would look as if those were all. So: only the levels that will be drawn.
        first = _first_replies(parent_pk, after, before)
        roughly, top = top, _near(parent_pk, first, levels, reader)
        _count_at_least(top, roughly)
    left_out = 0
    if len(top.replies) >= REPLIES:
        left_out = count_some(direct_replies(parent_pk, top.replies[-1].pk, before))
    return Known(top, left_out, at_least)


def direct_replies(parent_pk: int, after: int = 0, before: int = 0) -> MessageQuerySet:
    """The replies to a message between two ids (0: no limit), in the order they were sent."""
    replies: MessageQuerySet = Message.objects.filter(parent_message=parent_pk, pk__gt=after)
    if before:
        replies = replies.filter(pk__lt=before)
    return replies.order_by("pk")


def count_some(messages: MessageQuerySet) -> int:
    """How many there are; whoever has counted a hundred says "99+" and stops."""
    return messages[:MANY].count()


def _first_replies(parent_pk: int, after: int, before: int) -> QuerySet[Any, Any]:
    return direct_replies(parent_pk, after, before).values("pk")[:REPLIES]


def _below(parent_pk: int, after: int, before: int) -> QuerySet[Any, Any]:
    first = Message.objects.filter(pk__in=_first_replies(parent_pk, after, before))
    return Message.objects.tree_below(first)[: KNOWN + 1]


# Asked whenever a thread is opened and after every reply. Django writes this down in 3 ms.
_BELOW = CompiledQuery(_below)


def _rows(messages: QuerySet[Any], reader: User, most: int = KNOWN) -> list[Row]:
    return _as_rows(messages.order_by().values_list(*TREE_COLUMNS)[: most + 1], reader)


def _as_rows(places: Iterable[tuple[Any, ...]], reader: User) -> list[Row]:
    return [
        Row(pk, parent_pk, unread.is_unread(reader.pk, *columns))
        for pk, parent_pk, *columns in places
    ]


def _near(parent_pk: int, first: QuerySet[Any, Any], levels: int, reader: User) -> Branch:
    """So many levels below the messages `first`; the messages alone, if even that is too much."""
    messages = Message.objects.filter(pk__in=first)
    # One level more than is drawn: it is counted.
    places = Message.objects.tree_below(messages, levels)[: KNOWN + 1]
    rows = _as_rows((place[: len(TREE_COLUMNS)] for place in places), reader)
    if len(rows) > KNOWN:
        return _only_direct(parent_pk, first, reader)
    return grow(rows, [parent_pk])[parent_pk]


def _count_at_least(top: Branch, roughly: Branch) -> None:
    """Let no branch of `top` count less than the same one below `roughly`."""
    counted = {branch.pk: branch for _step, branch in walk([roughly])}
    for _step, branch in walk([top]):
        if same := counted.get(branch.pk):
            branch.below = max(branch.below, same.below)
            branch.unread_below = max(branch.unread_below, same.unread_below)


def _only_direct(parent_pk: int, first: QuerySet[Any, Any], reader: User) -> Branch:
    """The replies alone, each with the number of its own."""
    found = Message.objects.filter(pk__in=first).order_by("pk")
    counted = found.values("pk", *unread.COLUMNS).annotate(
        below=Count("replies"),
        unread_below=Count("replies", filter=unread.replies_unread_by(reader)),
    )
    top = Branch(parent_pk, None, unread=False)
    for row in counted:
        new = unread.is_unread(reader.pk, *(row[name] for name in unread.COLUMNS))
        reply = Branch(row["pk"], parent_pk, new, [], row["below"], row["unread_below"])
        top.replies.append(reply)
        top.below += 1 + reply.below
        top.unread_below += new + reply.unread_below
    return top
