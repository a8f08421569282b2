"""The steps in which a list of messages is drawn, each with a template of its own.

An item of the list begins with a `MessageStep` and ends with an `EndOfMessage`; between them stand its
replies (`RepliesStep` to `EndOfReplies`), or one link in their place (`PillStep`, `ContinueStep`). So a
tree is drawn from a flat list, and no template includes itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.utils.safestring import SafeString

from chats.compiled_templates import CompiledTemplate, PluralNumber, drawn_by
from chats.message_view_model import ShownMessage, message_url
from messaging.threads import Branch

MANY = 100  # "99+" stands for so many


@dataclass(slots=True)
class Gap:
    """Replies that are left out between two that are drawn, or after the last one."""

    count: int
    before: int = 0  # the reply that ends the gap; 0: it goes on to the end


@dataclass(slots=True)
class Ends:
    """What a pill shows of the replies behind it."""

    faces: SafeString  # of who wrote the first and the last
    last: str  # when the last was sent


@dataclass(slots=True)
class Count:
    """A number of replies or messages, at most "99+"."""

    text: str
    plural: PluralNumber

    @classmethod
    def of(cls, number: int, at_least: bool = False) -> Count:
        """ "12"; "99+" from a hundred on; "12+" with `at_least`, when there may be more."""
        plural = PluralNumber(min(number + at_least, MANY))
        if number >= MANY:
            return cls(f"{MANY - 1}+", plural)
        return cls(f"{number}+" if at_least else str(number), plural)


@drawn_by("partials/steps/message.html", "step")
@dataclass(slots=True)
class MessageStep:
    """The beginning of an item: the message."""

    compiled: ClassVar[CompiledTemplate]
    m: ShownMessage
    level: int = 0
    joins: bool = False  # it continues what the same author wrote just before


@drawn_by("partials/steps/end_of_message.html", "step")
@dataclass(slots=True)
class EndOfMessage:
    """The end of an item."""

    compiled: ClassVar[CompiledTemplate]


@drawn_by("partials/steps/replies.html", "step")
@dataclass(slots=True)
class RepliesStep:
    """The beginning of the replies to a message, which stand open."""

    compiled: ClassVar[CompiledTemplate]
    parent_pk: int
    count: Count
    level: int  # of the replies
    focus: bool = False  # the summary takes the focus
    oob: bool = False


@drawn_by("partials/thread_summary.html", "step")
@dataclass(slots=True)
class SummaryStep:
    """How many replies there are, where they stand open already."""

    compiled: ClassVar[CompiledTemplate]
    parent_pk: int
    count: Count
    focus: bool = False
    oob: bool = True  # it goes where the same one stands on the page


@drawn_by("partials/steps/end_of_replies.html", "step")
@dataclass(slots=True)
class EndOfReplies:
    """The end of the replies to a message."""

    compiled: ClassVar[CompiledTemplate]


@drawn_by("partials/steps/pill.html", "step")
@dataclass(slots=True)
class PillStep:
    """Stands for replies that open in place."""

    compiled: ClassVar[CompiledTemplate]
    parent_pk: int
    count: Count
    unread: Count
    ends: Ends | None = None
    focus: bool = False

    @property
    def url(self) -> str:
        return message_url(self.parent_pk)

    @property
    def has_unread(self) -> bool:
        return self.unread.plural > 0

    @property
    def has_ends(self) -> bool:
        return self.ends is not None


@drawn_by("partials/steps/continue.html", "step")
@dataclass(slots=True)
class ContinueStep:
    """Stands for replies that are too deep to be drawn here: a link to the page of their thread."""

    compiled: ClassVar[CompiledTemplate]
    parent_pk: int
    count: Count
    unread: Count
    whose: str = ""  # whose message the replies hang from, as `ShownMessage.whose`
    focus: bool = False

    @property
    def url(self) -> str:
        return message_url(self.parent_pk)

    @property
    def has_unread(self) -> bool:
        return self.unread.plural > 0

    @property
    def has_whose(self) -> bool:
        return bool(self.whose)


@drawn_by("partials/steps/more.html", "step")
@dataclass(slots=True)
class MoreStep:
    """Stands for replies that are left out after the reply `after_pk`."""

    compiled: ClassVar[CompiledTemplate]
    after_pk: int
    parent_pk: int
    level: int  # of the message that they answer
    count: Count
    before: int = 0  # the reply that ends the gap; 0: it goes on to the end
    oob: bool = False

    @property
    def parent_url(self) -> str:
        return message_url(self.parent_pk)

    @property
    def has_end(self) -> bool:
        return self.before > 0


@drawn_by("partials/steps/day.html", "step")
@dataclass(slots=True)
class DayStep:
    """The divider above the messages of a day."""

    compiled: ClassVar[CompiledTemplate]
    day: str  # "Today", "Monday 23 November"
    date: str  # "2026-11-23"


@drawn_by("partials/steps/new_line.html", "step")
@dataclass(slots=True)
class NewLineStep:
    """The line above the first unread message of the list."""

    compiled: ClassVar[CompiledTemplate]
    stopped: bool  # whether the reader has been here before: something stands above the line


LayoutStep = (
    MessageStep
    | EndOfMessage
    | RepliesStep
    | SummaryStep
    | EndOfReplies
    | PillStep
    | ContinueStep
    | MoreStep
    | DayStep
    | NewLineStep
)


def replies_step(branch: Branch, level: int, at_least: bool = False) -> RepliesStep:
    """The beginning of the replies to `branch`, which is drawn at `level`."""
    return RepliesStep(branch.pk, Count.of(branch.below, at_least), level + 1)


def closed_step(
    branch: Branch, *, deepest: bool, whose: str = "", ends: Ends | None, at_least: bool = False
) -> PillStep | ContinueStep:
    """What stands for the replies to `branch`, which are not drawn."""
    count, unread = Count.of(branch.below, at_least), Count.of(branch.unread_below)
    if deepest:
        return ContinueStep(branch.pk, count, unread, whose)
    return PillStep(branch.pk, count, unread, ends)
