"""The inbox: what is unread, and the list of conversations."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import back, render_part, render_parts, signed_in, wants_part
from chats.live.page_diff import Pill
from chats.page_shell import PageShell
from chats.unread_messages import UnreadMessages
from chats.views.conversations import marked_read_label
from messaging import services
from messaging.models import Message

PARTS = {"rows": "partials/conversation_rows.html", "cards": "partials/unread_cards.html"}


@signed_in
@require_safe
def home(request: ReaderRequest) -> HttpResponse:
    return redirect("chats:inbox")


@signed_in
@require_safe
def inbox(request: ReaderRequest) -> HttpResponse:
    """Unread messages by conversation and thread; beside them the conversations."""
    context = inbox_page(request)
    if part := PARTS.get(request.GET.get("part", "")):
        return render_part(request, "chats/inbox.html", part, context)
    # The whole list: what offered to show it has nothing more to offer.
    oob = ["partials/read_inbox.html", "partials/new_pill.html"]
    context.oob = wants_part(request)
    return render_part(request, "chats/inbox.html", "partials/unread_list.html", context, oob=oob)


def inbox_page(request: ReaderRequest) -> InboxPage:
    before = id_or_zero(request.GET.get("before"))
    return InboxPage(
        shell=PageShell(request), before=before, unread=UnreadMessages(request, before)
    )


@dataclass(kw_only=True)
class InboxPage:
    """The inbox, or a part of it."""

    shell: PageShell
    unread: UnreadMessages
    before: int  # messages newer than this one stand on another page; 0: none do
    pill: Pill | None = None
    oob: bool = False
    live: str = ""


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
