"""The inbox: what is unread, message by message, and the list of conversations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chats.compiled_templates import CompiledTemplate, drawn_by
from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import back, render_part, render_parts, signed_in, wants_part
from chats.live.page_diff import Pill
from chats.message_view_model import People, Presenter, ShownMessage
from chats.page_shell import PageShell
from chats.views.conversations import marked_read_label
from chats.welcome import Welcome
from messaging import services
from messaging.models import Message
from messaging.rendering import excerpt

CARDS = 50

PARTS = {"rows": "partials/conversation_rows.html", "cards": "partials/unread_cards.html"}


@drawn_by("partials/unread_card.html", "card")
@dataclass(slots=True)
class Card:
    """An unread message, and what it answers."""

    compiled: ClassVar[CompiledTemplate]
    m: ShownMessage
    answers: str
    oob: bool = False  # it goes where the same one stands on the page

    @property
    def is_answer(self) -> bool:
        return bool(self.answers)


@signed_in
@require_safe
def home(request: ReaderRequest) -> HttpResponse:
    return redirect("chats:inbox")


@signed_in
@require_safe
def inbox(request: ReaderRequest) -> HttpResponse:
    """Unread messages, newest first; beside them the conversations."""
    context = inbox_page(request)
    if part := PARTS.get(request.GET.get("part", "")):
        return render_part(request, "chats/inbox.html", part, context)
    # The whole list: what offered to show it has nothing more to offer.
    oob = ["partials/read_inbox.html", "partials/new_pill.html"]
    context.oob = wants_part(request)
    return render_part(request, "chats/inbox.html", "partials/unread_list.html", context, oob=oob)


def inbox_page(request: ReaderRequest) -> InboxPage:
    before = id_or_zero(request.GET.get("before"))
    return InboxPage(shell=PageShell(request), before=before, unread=Cards(request.user, before))


class Cards:
    """The unread messages of one page, read when they are shown; `only` those, if ids are given."""

    def __init__(self, reader: User, before: int = 0, only: Collection[int] | None = None) -> None:
        self.reader = reader
        self.before = before
        self.only = only
        self._read: list[Message] | None = None

    def _found(self) -> list[Message]:
        if self._read is None:
            messages = Message.unread.unread_for_user(self.reader)
            if self.before:
                messages = messages.filter(pk__lt=self.before)
            if self.only is not None:
                messages = messages.filter(pk__in=self.only)
            self._read = list(messages[: CARDS + 1])
        return self._read

    def __iter__(self) -> Iterator[Card]:
        messages = self._found()[:CARDS]
        people = People(self.reader, [message.sender for message in messages])
        presenter = Presenter(people, dividers=False)
        for message in messages:
            answers = _answered(message, self.reader)
            yield Card(presenter.show(message), answers, oob=self.only is not None)

    @cached_property
    def welcome(self) -> Welcome | None:
        """What stands in place of an empty list, for a reader without conversations."""
        return None if self.newest or self.before else Welcome.of(self.reader)

    @property
    def newest(self) -> int:
        """The id of the first one: nothing newer was on the page."""
        return self._found()[0].pk if self._found() else 0

    @property
    def last(self) -> int:
        """The id after which there are more; 0: there are none."""
        return self._found()[CARDS - 1].pk if len(self._found()) > CARDS else 0


@dataclass(kw_only=True)
class InboxPage:
    """The inbox, or a part of it."""

    shell: PageShell
    unread: Cards
    before: int  # messages newer than this one stand on another page; 0: none do
    pill: Pill | None = None
    oob: bool = False
    live: str = ""


def _answered(message: Message, reader: User) -> str:
    parent = message.parent_message
    if parent is None:
        return ""
    if parent.deleted_at is not None:
        return _("in reply to a deleted message")
    values = {"text": excerpt(parent.content)}
    if parent.sender_id == reader.pk:
        return _("in reply to you: %(text)s") % values
    return _("in reply to themselves: %(text)s") % values


@signed_in
@require_POST
def inbox_read(request: ReaderRequest) -> HttpResponse:
    """Mark everything as read that had come when the reader's page was made."""
    up_to = id_or_zero(request.POST.get("up_to"))
    # Of one reader's messages, ids follow commits: a send locks their mailbox before it gets one.
    count = services.mark_as_read(
        reader=request.user, messages=Message.objects.filter(pk__lte=up_to)
    )
    if not wants_part(request):
        return back(request, reverse("chats:inbox"))
    context = inbox_page(request)
    context.live = marked_read_label(count)
    return render_parts(
        request, ["partials/unread_list.html", "partials/oob_counters.html"], context
    )
