"""What is different from what a page shows: asked for whenever its reader may have news.

The page says which messages it has drawn. So nothing of it has to be remembered here, and an
answer that never arrived is made up for by the next one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import F

from chats.http.params import id_or_zero
from chats.threads.conversation_list import counts_of, ends_of
from chats.threads.layout import LEVELS, load
from chats.threads.layout_steps import (
    MANY,
    Count,
    Ends,
    LayoutStep,
    MoreStep,
    SummaryStep,
    closed_step,
)
from chats.threads.reply_rows import count_some, rows_of_threads
from messaging import unread
from messaging.managers import ACTIVITY
from messaging.models import Message
from messaging.threads import Branch, grow, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.db.models.functions import Coalesce
    from django.http import QueryDict

    from chats.message_view_model import Presenter, ShownMessage
    from messaging.models import Conversation

DRAWN_AT_MOST = 2_000  # messages a page tells of
LOOKED_AT = 1_000  # changes that are looked at one by one; after more, everything is
ROWS = 10_000  # of threads that stand open: beyond, their counts stay as they are


class Version(NamedTuple):
    """What a page was made with: the versions of its reader's mailbox, of the conversation, and of
    their read marks in it. Spelt "41.7.3".
    """

    mailbox: int = 0
    conversation: int = 0
    reading: int = 0

    @classmethod
    def spelt(cls, text: str) -> Version:
        """The version that `text` spells; where it spells none, one before everything."""
        return cls(*map(id_or_zero, f"{text}..".split(".")[:3]))

    def __str__(self) -> str:
        return ".".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows, as it says itself."""

    drawn: frozenset[int]  # ids of messages
    new: frozenset[int]  # those of them that it marks as new

    @classmethod
    def told(cls, query: QueryDict) -> Shown:
        return cls(_ids(query.get("drawn", "")), _ids(query.get("new", "")))


def _ids(text: str) -> frozenset[int]:
    """ "12.3.1" are the ids 12, 15 and 16: a page shows hundreds, and an address must be short."""
    steps = map(id_or_zero, text.split(".", DRAWN_AT_MOST)[:DRAWN_AT_MOST])
    found = accumulate(step for step in steps if step)
    return frozenset(pk for pk in found if id_or_zero(str(pk)))


class Place(NamedTuple):
    """Where a message that the page shows hangs, and how it is now."""

    pk: int
    parent_pk: int | None
    thread_pk: int | None
    changed_in: int
    unread: bool

    @property
    def root_pk(self) -> int:
        return self.thread_pk or self.pk


@dataclass(slots=True)
class Replies:
    """The place below a message of which no reply is drawn: empty, a pill, or a link."""

    id: str
    steps: list[LayoutStep] = field(default_factory=list)


class Changes:
    """How a page about `conversation` differs from what is true now."""

    def __init__(
        self,
        reader: User,
        presenter: Presenter,
        conversation: Conversation,
        shown: Shown,
        since: Version,
    ) -> None:
        self.reader = reader
        self.presenter = presenter
        self.conversation = conversation
        self.shown = shown
        self.since = since

    @cached_property
    def places(self) -> dict[int, Place]:
        """What the page shows and is still there, by id, parents before their replies."""
        found = self.conversation.messages.filter(pk__in=self.shown.drawn).order_by("pk")
        rows = found.values_list(
            *("pk", "parent_message_id", "thread_id", "changed_in", *unread.COLUMNS),
        )
        return {
            pk: Place(pk, parent, thread, changed, unread.is_unread(self.reader.pk, *columns))
            for pk, parent, thread, changed, *columns in rows
        }

    @cached_property
    def gone(self) -> list[int]:
        """Messages that are not there any more. Replies come before what they answered: their
        place is inside of its.
        """
        return sorted(self.shown.drawn - self.places.keys(), reverse=True)

    @cached_property
    def _changed(self) -> list[tuple[int, int | None, int]]:
        """Id, thread and version of what has changed, one more than is looked at if there is."""
        changed = self.conversation.messages.filter(changed_in__gt=self.since.conversation)
        rows = changed.order_by("changed_in").values_list("pk", "thread_id", "changed_in")
        return list(rows[: LOOKED_AT + 1])

    @cached_property
    def unexplained(self) -> bool:
        """Whether something changed that no message tells of: a name, or what is not there now."""
        # Not less what is gone: one deletion can take several empty rows along. And nothing that
        # came after the conversation was read: it would stand for a name that changed before.
        last = self.conversation.version
        versions = {version for _pk, _thread, version in self._changed if version <= last}
        return (
            len(self._changed) > LOOKED_AT
            or len(versions) < self.conversation.version - self.since.conversation
        )

    @cached_property
    def articles(self) -> list[ShownMessage]:
        """Messages that read differently from how the page shows them."""
        since = self.since.conversation
        different = [
            place.pk
            for place in self.places.values()
            if self.unexplained
            or place.changed_in > since
            or place.unread != (place.pk in self.shown.new)
        ]
        shown = list(load(different, self.presenter).values()) if different else []
        for message in shown:
            message.oob = True
            message.is_reply = self.places[message.pk].parent_pk in self.places
        return shown

    # --- What hangs below messages --------------------------------------------------------------

    @cached_property
    def _threads(self) -> set[int]:
        """The roots of threads of which the page may say something that is not true any more."""
        roots = {place.root_pk for place in self.places.values()}
        reading = self.conversation.reader_version != self.since.reading
        if reading or self.gone or self.unexplained:
            return roots
        return roots & {thread for _pk, thread, _version in self._changed if thread}

    @cached_property
    def _drawn_below(self) -> dict[int | None, list[int]]:
        """The replies that are drawn, by what they answer."""
        below: dict[int | None, list[int]] = defaultdict(list)
        for place in self.places.values():
            below[place.parent_pk].append(place.pk)
        return below

    @cached_property
    def _levels(self) -> dict[int, int]:
        """How deep each message is drawn."""
        levels: dict[int, int] = {}
        for place in self.places.values():
            levels[place.pk] = levels.get(place.parent_pk, -1) + 1  # type: ignore[arg-type]
        return levels

    @cached_property
    def _counts(self) -> dict[int, tuple[int, int, int]]:
        roots = Message.objects.filter(pk__in=self._threads)
        return counts_of(roots.with_replies(ROWS + 1))

    @cached_property
    def _branches(self) -> dict[int, Branch]:
        """What is true of each message of those threads that is drawn."""
        inside = {
            place.root_pk
            for place in self.places.values()
            if place.thread_pk or self._drawn_below.get(place.pk)
        }
        open_ones, room = [], ROWS
        for root in sorted(self._threads & inside, reverse=True):
            replies = self._counts.get(root, (0, 0, 0))[0]
            if replies <= room:
                open_ones.append(root)
                room -= replies
        found: dict[int, Branch] = {}
        if open_ones:
            tops = grow(rows_of_threads(open_ones, self.reader, most=ROWS), open_ones)
            drawn = self.places.keys()
            found |= {branch.pk: branch for _s, branch in walk(tops.values()) if branch.pk in drawn}
        closed = self._threads - inside
        counts = Message.unread.counts_by_thread(self.conversation, self.reader, closed)
        for root in closed:
            branch = Branch(root, None, unread=False)
            branch.below = self._counts.get(root, (0, 0, 0))[0]
            branch.unread_below = counts.get(root, 0)
            found[root] = branch
        return found

    @cached_property
    def _ends(self) -> dict[int, Ends]:
        closed = {
            root: list(self._counts[root][1:])
            for root in self._threads & self._counts.keys()
            if not self._drawn_below.get(root)
        }
        wanted = {pk for ends in closed.values() for pk in ends}
        shown = load(wanted, self.presenter) if wanted else {}
        return ends_of(closed, shown)

    @cached_property
    def replies(self) -> list[Replies]:
        """The places below messages of which no reply is drawn."""
        closed = [one for pk, one in self._branches.items() if not self._drawn_below.get(pk)]
        deep = [one.pk for one in closed if one.below and self._levels[one.pk] >= LEVELS]
        shown = load(deep, self.presenter) if deep else {}
        return [
            Replies(f"m-{one.pk}", [self._closed(one, shown)] if one.below else [])
            for one in closed
        ]

    def count_below(self, pk: int) -> Count | None:
        """How many replies there are below a message, if the page may say something else."""
        branch = self._branches.get(pk)
        return Count.of(branch.below) if branch else None

    def _closed(self, branch: Branch, shown: dict[int, ShownMessage]) -> LayoutStep:
        deepest = self._levels[branch.pk] >= LEVELS
        whose = shown[branch.pk].whose if branch.pk in shown else ""
        return closed_step(branch, deepest=deepest, whose=whose, ends=self._ends.get(branch.pk))

    @cached_property
    def steps(self) -> list[LayoutStep]:
        """How many replies there are where some are drawn, and what stands for those that are not."""
        return list(self._steps())

    def _steps(self) -> Iterator[LayoutStep]:
        for pk, branch in sorted(self._branches.items()):
            if not (drawn := self._drawn_below.get(pk)):
                continue
            yield SummaryStep(pk, Count.of(branch.below))
            behind = self._behind(branch, drawn)
            for reply_pk, next_pk in pairwise([*drawn, 0]):
                if count := behind.get(reply_pk):
                    level, left_out = self._levels[pk], Count.of(count)
                    yield MoreStep(reply_pk, pk, level, left_out, next_pk, oob=True)

    @staticmethod
    def _behind(branch: Branch, drawn: list[int]) -> dict[int, int]:
        """How many replies are not drawn, by the drawn one that they follow."""
        behind: dict[int, int] = defaultdict(int)
        here, last = set(drawn), 0
        for reply in branch.replies:
            if reply.pk in here:
                last = reply.pk
            else:
                behind[last] += 1
        return behind

    @cached_property
    def nothing_behind(self) -> list[int]:
        """Drawn replies after which none is left out any more."""
        more = {step.after_pk for step in self.steps if isinstance(step, MoreStep)}
        return [
            pk
            for parent in self._branches
            for pk in self._drawn_below.get(parent, [])
            if pk not in more
        ]

    # --- What is not on the page at all ---------------------------------------------------------

    @cached_property
    def _coming(self) -> QuerySet[Any, Any]:
        """Roots that are not drawn, after the first one that is, each with its `position`."""
        roots: QuerySet[Message, Any] = self.conversation.messages.top_level()
        drawn = [place.pk for place in self.places.values() if place.thread_pk is None]
        if self.conversation.by_activity:
            position: Coalesce | F = ACTIVITY
            found = roots.filter(pk__in=drawn).annotate(position=position).order_by("position")
            first = found.values_list("position", flat=True).first() or 0
        else:
            position = F("id")
            first = min(drawn, default=0)
        coming = roots.annotate(position=position).filter(position__gt=first)
        return coming.exclude(pk__in=drawn)

    @cached_property
    def pill(self) -> Pill:
        """Messages that begin threads and are not drawn, below the first one that is."""
        coming = list(self._coming.order_by("position").values_list("position", flat=True)[:MANY])
        return Pill(len(coming), coming[0] - 1) if coming else Pill()


@dataclass(frozen=True, slots=True)
class Pill:
    """New messages that a page offers to show."""

    number: int = 0
    after: int = 0  # the id after which they come

    @property
    def count(self) -> Count:
        return Count.of(self.number)


class CardChanges:
    """How the inbox differs from what is unread now."""

    def __init__(self, reader: User, shown: Shown) -> None:
        mine = Message.objects.unread_by(reader)
        here = set(mine.filter(pk__in=shown.drawn).values_list("pk", flat=True))
        self.gone = sorted(shown.drawn - here)
        # A card shows more than its message: what that answers, and who wrote it.
        self.left = sorted(here)
        self._coming = mine.exclude(pk__in=shown.drawn).order_by()
        self._shown = shown

    def pill(self, page: int) -> Pill:
        """What is unread and not drawn; a whole `page` of cards has more behind it."""
        coming = self._coming
        if len(self._shown.drawn) >= page:
            coming = coming.filter(pk__gt=min(self._shown.drawn))
        return Pill(count_some(coming))
