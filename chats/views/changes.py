"""What has changed since a page was made, and the new messages that it then offers to show."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from chats.caching import find_conversation
from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import as_part, part_of_page, render_parts, signed_in, wants_part
from chats.live.page_diff import CardChanges, Changes, Pill, Shown, Version
from chats.message_view_model import Person
from chats.page_shell import PageShell
from chats.threads.conversation_list import ROOTS, conversation_feed
from chats.threads.layout_steps import Count, LayoutStep, NewLineStep
from chats.unread_messages import CARDS, UnreadMessages
from chats.views.conversations import (
    ConversationContext,
    conversation_context,
    other_person,
    presenter_of,
)
from messaging.models import Conversation


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Where the pill leads: to a page, or to a part that is swapped into this one."""

    url: str
    part: str = ""
    target: str = ""
    swap: str = ""


@dataclass(kw_only=True)
class ChangedPage:
    """What is different around a page."""

    shell: PageShell
    pill: Pill | None = None
    where: NewMessages | None = None
    live: str = ""
    oob: bool = True

    def offer(self, pill: Pill, where: NewMessages) -> None:
        """Say how many new messages there are, and where."""
        self.pill = pill
        self.where = where
        if pill.number:
            label = ngettext("%(count)s new message", "%(count)s new messages", pill.count.plural)
            self.live = label % {"count": pill.count.text}


@dataclass(kw_only=True)
class ChangedConversation(ChangedPage):
    """What is different on a page about a conversation."""

    conversation: Conversation
    changes: Changes | None = None
    replies: Count | None = None  # how many there are, on the page of a thread
    other: Person | None = None


@dataclass(kw_only=True)
class ChangedInbox(ChangedPage):
    """What is different on a page that is about no conversation."""

    changes: CardChanges | None = None
    left: UnreadMessages | None = None


@dataclass(kw_only=True)
class AddedMessages(ConversationContext):
    """New messages, to be added below the others."""

    steps: list[LayoutStep]
    pill: Pill
    oob: bool = True


@signed_in
@require_safe
@part_of_page("chats:conversation_detail")
def conversation_changes(request: ReaderRequest, pk: int) -> HttpResponse:
    """How a page about the conversation differs from what is true now; 204 if it does not."""
    conversation = find_conversation(request.user, pk)
    since = Version.spelt(request.GET.get("since", ""))
    shell = PageShell(request, conversation)
    if since == shell.version:
        return HttpResponse(status=204)
    if not shell.on_conversation:  # the page of a thread knows one order
        conversation.by_activity = False
    context = ChangedConversation(shell=shell, conversation=conversation)
    parts = ["partials/oob_counters.html", "partials/changes.html"]
    if since[1:] != shell.version[1:]:
        presenter = presenter_of(request, conversation)
        shown = Shown.told(request.GET)
        changes = Changes(request.user, presenter, conversation, shown, since)
        context.changes = changes
        context.replies = changes.count_below(shell.thread_pk)
        context.other = other_person(request, conversation)
        parts.insert(0, "partials/oob_changes.html")
        if context.replies:
            parts.append("partials/thread_line.html")
        elif changes.unexplained and shell.on_conversation:
            parts += ["partials/other_avatar.html", "partials/other.html"]
        if shell.on_newest:
            context.offer(changes.pill, _where_new(pk, changes.pill))
            parts.append("partials/new_pill.html")
            if not changes.pill.number:  # all there is has been shown or said
                parts.append("partials/read_conversation.html")
    return render_parts(request, parts, context)


def _where_new(pk: int, pill: Pill) -> NewMessages:
    """Where the new messages are: on the page itself, or below those that are shown."""
    page, after = reverse("chats:conversation_detail", args=[pk]), f"?after={pill.after}"
    # More than a page of them: the page itself shows the newest, and the way to the others. Its
    # own address with no more than a fragment added would scroll, and load nothing.
    if pill.number > ROOTS:
        return NewMessages(f"{page}{after}#latest")
    part = reverse("chats:conversation_new", args=[pk]) + after
    return NewMessages(f"{page}#latest", part, target="#feed", swap="beforeend")


@signed_in
@require_safe
@part_of_page("chats:conversation_detail")
def conversation_new(request: ReaderRequest, pk: int) -> HttpResponse:
    """The messages that begin threads after the id `after`, to be added below the others."""
    conversation = find_conversation(request.user, pk)
    presenter = presenter_of(request, conversation)
    after = id_or_zero(request.GET.get("after"))
    feed = conversation_feed(request.user, presenter, conversation, after=after)
    # The line "New" stands above the first unread message of the page: these come below it.
    steps: list[LayoutStep] = [step for step in feed.steps if not isinstance(step, NewLineStep)]
    context = AddedMessages(**conversation_context(request, conversation), steps=steps, pill=Pill())
    parts = ["branch.html", "oob_counters.html", "new_pill.html", "read_conversation.html"]
    return render_parts(request, [f"partials/{part}" for part in parts], context)


@signed_in
@require_safe
def changes(request: ReaderRequest) -> HttpResponse:
    """What is different around a page that is about no conversation; of the inbox also its cards."""
    if not wants_part(request):
        return redirect("chats:inbox")
    shell = PageShell(request)
    if Version.spelt(request.GET.get("since", "")) == shell.version:
        return as_part(HttpResponse(status=204))
    context = ChangedInbox(shell=shell)
    parts = ["partials/oob_counters.html", "partials/changes.html"]
    if shell.on_inbox:
        cards = CardChanges(request.user, Shown.told(request.GET))
        context.changes = cards
        context.left = UnreadMessages(request, only=cards.left)
        parts.insert(0, "partials/oob_cards.html")
        if shell.on_newest:
            inbox = reverse("chats:inbox")
            where = NewMessages(inbox, inbox, target="#unread", swap="outerHTML")
            context.offer(cards.pill(CARDS), where)
            parts.append("partials/new_pill.html")
    return render_parts(request, parts, context)
