"""What stands around every signed-in page: the counts, the bell, the list of conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from chats.caching import what_pages_depend_on
from chats.compiled_templates import CompiledTemplate, drawn_by
from chats.http.params import id_or_zero
from chats.live.page_diff import Version
from chats.message_view_model import Clock, Person, conversation_url, message_url
from chats.threads.layout_steps import Count
from common.compiled_queries import CompiledQuery
from messaging.managers import NOTIFICATIONS_COUNTED
from messaging.models import Conversation, Message, Notification, Participant, other_in_pair
from messaging.rendering import excerpt

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from chats.http.requests import ReaderRequest

ROWS = 30  # conversations listed at a time
ROWS_LOOKED_AT = 1_000  # of those with something unread


@drawn_by("partials/conversation_row.html", "row")
@dataclass(slots=True)
class ConversationRow:
    """One conversation in the list, as its reader sees it."""

    compiled: ClassVar[CompiledTemplate]
    pk: int
    url: str
    person: Person
    last: str  # the beginning of the last message; empty when it was deleted
    thread_beginning: str  # of what it replies to; empty when it replies to nothing
    draft: str  # the beginning of what the reader has written and not sent
    last_is_own: bool
    when: str
    when_machine: str
    unread: int

    @property
    def has_last(self) -> bool:
        return bool(self.last)

    @property
    def has_draft(self) -> bool:
        return bool(self.draft)

    @property
    def is_reply(self) -> bool:
        return bool(self.last and self.thread_beginning)

    @property
    def has_unread(self) -> bool:
        return self.unread > 0


@dataclass(frozen=True, slots=True)
class ThreadWithUnread:
    """A thread with replies that its reader has not read."""

    url: str  # of the oldest one of them
    count: Count
    beginning: str  # of the message that begins the thread


class PageShell:
    """Counts and rows of one reader: each asked for once a request at most, and only if shown."""

    def __init__(self, request: ReaderRequest, conversation: Conversation | None = None) -> None:
        self.reader = request.user
        self.mailbox = request.mailbox
        self.depends_on = "/".join(what_pages_depend_on())
        self.conversation = conversation
        self._path, self._query = _page_of(request)
        # The conversation after which the list goes on; 0: from the top.
        self.rows_after = id_or_zero(request.GET.get("rows_after"))

    @property
    def version(self) -> Version:
        """What the page is made with. Read before the data: what changes meanwhile comes again."""
        here = self.conversation
        if here is None:
            return Version(self.mailbox.version)
        # Of a conversation found by one of its messages the read marks were not asked for.
        return Version(self.mailbox.version, here.version, getattr(here, "reader_version", 0))

    @property
    def changes_url(self) -> str:
        """Where a page asks what is different by now."""
        if self.in_conversation and self.conversation:
            return reverse("chats:conversation_changes", args=[self.conversation.pk])
        return reverse("chats:changes")

    @cached_property
    def unread_by_conversation(self) -> dict[int, int]:
        return Message.unread.counts(self.reader)

    @cached_property
    def unread(self) -> int:
        """The badge: always counted, never stored."""
        return sum(self.unread_by_conversation.values())

    @property
    def unread_conversations(self) -> int:
        return len(self.unread_by_conversation)

    @property
    def unread_here(self) -> int:
        """Unread messages of the conversation the page is about."""
        return self.unread_by_conversation.get(self.conversation.pk, 0) if self.conversation else 0

    @cached_property
    def unread_thread(self) -> ThreadWithUnread | None:
        """Of the threads of this conversation that hold unread replies, the one answered last."""
        if not self.conversation or not self.unread_here:
            return None
        found = Message.unread.newest_thread(self.conversation, self.reader)
        if found is None:
            return None
        return ThreadWithUnread(
            url=f"{message_url(found.first_pk)}#m-{found.first_pk}",
            count=Count.of(found.number),
            beginning=excerpt(found.beginning) or _("Message deleted"),
        )

    @cached_property
    def bell(self) -> str:
        """How many notifications are unread, as it is said; empty if there are none."""
        count = Notification.objects.count_unread(self.reader)
        return (
            f"{NOTIFICATIONS_COUNTED - 1}+" if count >= NOTIFICATIONS_COUNTED else str(count or "")
        )

    @property
    def on_inbox(self) -> bool:
        """Whether the reader looks at the inbox (for htmx: the page that asks)."""
        return self._path == reverse("chats:inbox")

    @property
    def in_conversation(self) -> bool:
        """Whether the reader looks at the conversation the answer is about."""
        return self._path.startswith(("/c/", "/m/")) and self.conversation is not None

    @property
    def on_conversation(self) -> bool:
        """Whether the reader looks at the whole of it: the page that says how much is unread."""
        return self._path.startswith("/c/") and self.conversation is not None

    @property
    def thread_pk(self) -> int:
        """The message whose own page the reader looks at; 0: another kind of page."""
        rest = self._path.removeprefix("/m/")
        return 0 if rest == self._path else id_or_zero(rest.removesuffix("/"))

    @property
    def on_newest(self) -> bool:
        """Whether the reader looks at a list that new messages belong to."""
        return (self.on_conversation or self.on_inbox) and not self._query.keys() & {
            "before",
            "rows_after",
        }

    @property
    def current_row(self) -> int:
        return self.conversation.pk if self.conversation and self.in_conversation else 0

    @property
    def only_unread(self) -> bool:
        """Whether the list shows conversations that hold something unread, and no others."""
        return self.on_inbox and self._query.get("show") == ["unread"]

    @cached_property
    def page_of_rows(self) -> tuple[list[ConversationRow], bool]:
        """The rows, and whether there are more."""
        found = self._places()
        return _rows(found[:ROWS], self), len(found) > ROWS

    def _places(self) -> list[dict[str, Any]]:
        if not self.only_unread and not self.rows_after:
            rows = _LIVELIEST.rows(self.reader.pk)
            return [dict(zip(PLACE_COLUMNS, row, strict=True)) for row in rows]
        places = Participant.objects.filter(user=self.reader)
        if self.only_unread:
            places = places.filter(
                conversation__in=list(self.unread_by_conversation)[:ROWS_LOOKED_AT]
            )
        if self.rows_after:
            places = places.after(self.rows_after)
        return list(places.for_list(self.reader)[: ROWS + 1])

    @property
    def rows(self) -> list[ConversationRow]:
        return self.page_of_rows[0]

    @property
    def last_row(self) -> int:
        """The conversation after which there are more; 0: there are none."""
        rows, more = self.page_of_rows
        return rows[-1].pk if more else 0


PLACE_COLUMNS = (
    *("conversation_id", "last_activity", "pair_key", "other_name", "sender_id", "beginning"),
    *("thread_beginning", "draft", "draft_answers"),
)


def _liveliest(reader_pk: int) -> QuerySet[Any, tuple[Any, ...]]:
    return Participant.objects.for_list(reader_pk).values_list(*PLACE_COLUMNS)[: ROWS + 1]


# The first page of the list, which stands beside every page.
_LIVELIEST = CompiledQuery(_liveliest)


def _rows(places: list[dict[str, Any]], shell: PageShell) -> list[ConversationRow]:
    clock = Clock()
    rows: list[ConversationRow] = []
    for place in places:
        own = place["sender_id"] == shell.reader.pk
        above = rows[-1].person if rows else None
        rows.append(
            ConversationRow(
                pk=place["conversation_id"],
                url=_row_url(place, shell),
                person=Person.named(
                    other_in_pair(place["pair_key"], shell.reader.pk), place["other_name"], above
                ),
                last=excerpt(place["beginning"] or ""),
                thread_beginning=excerpt(place["thread_beginning"] or ""),
                draft=excerpt(place["draft"] or ""),
                last_is_own=own,
                when=clock.in_row(place["last_activity"]),
                when_machine=clock.machine(place["last_activity"]),
                unread=shell.unread_by_conversation.get(place["conversation_id"], 0),
            )
        )
    return rows


def _row_url(place: dict[str, Any], shell: PageShell) -> str:
    """To the first unread message, to the reply that waits to be finished, or to the end."""
    page = conversation_url(place["conversation_id"])
    if shell.unread_by_conversation.get(place["conversation_id"]):
        return f"{page}unread/"
    if place["draft_answers"]:
        return f"{message_url(place['draft_answers'])}reply/"
    return f"{page}#latest"


def _page_of(request: ReaderRequest) -> tuple[str, dict[str, list[str]]]:
    """Path and query of the page the reader looks at: for htmx, the one that asks."""
    htmx = getattr(request, "htmx", None)
    try:
        parts = urlsplit((htmx and htmx.current_url_abs_path) or request.get_full_path())
    except ValueError:  # a header that spells no address: "http://["
        parts = urlsplit(request.path)
    return parts.path, parse_qs(parts.query)
