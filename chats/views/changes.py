"""What has changed since a page was made, and the new messages that it then offers to show."""

from __future__ import annotations

from typing import Any

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
from chats.page_shell import PageShell
from chats.threads.conversation_list import ROOTS, conversation_feed
from chats.views.conversations import conversation_context, other_person, presenter_of
from chats.views.inbox import CARDS, Cards


@signed_in
@require_safe
@part_of_page("chats:conversation_detail")
def conversation_changes(request: ReaderRequest, pk: int) -> HttpResponse:
    """How a page about the conversation differs from what is true now; 204 if it does not."""
    conversation = find_conversation(request.user, pk)
    since = Version.spelt(request.GET.get("since", ""))
    around = PageShell(request, conversation)
    if since == around.version:
        return HttpResponse(status=204)
    context = {"around": around, "conversation": conversation}
    parts = ["partials/oob_counters.html", "partials/changes.html"]
    if since[1:] != around.version[1:]:
        presenter = presenter_of(request, conversation)
        shown = Shown.told(request.GET)
        changes = Changes(request.user, presenter, conversation, shown, since)
        replies = changes.counted(around.thread_pk)
        other = other_person(request, conversation)
        context |= {"changes": changes, "replies": replies, "other": other}
        parts.insert(0, "partials/oob_changes.html")
        if replies:
            parts.append("partials/thread_line.html")
        elif changes.unexplained and around.on_conversation:
            parts += ["partials/other_avatar.html", "partials/other.html"]
        if around.on_newest:
            context |= _offered(changes.pill, _where_new(pk, changes.pill))
            parts.append("partials/new_pill.html")
            if not changes.pill.number:  # all there is has been shown or said
                parts.append("partials/read_conversation.html")
    return render_parts(request, parts, context | {"oob": True})


def _where_new(pk: int, pill: Pill) -> dict[str, str]:
    """Where the new messages are: on the page itself, or below those that are shown."""
    page, after = reverse("chats:conversation_detail", args=[pk]), f"?after={pill.after}"
    # More than a page of them: the page itself shows the newest, and the way to the others. Its
    # own address with no more than a fragment added would scroll, and load nothing.
    if pill.number > ROOTS:
        return {"url": f"{page}{after}#latest"}
    part = reverse("chats:conversation_new", args=[pk]) + after
    return {"url": f"{page}#latest", "part": part, "target": "#feed", "swap": "beforeend"}


def _offered(pill: Pill, where: dict[str, str]) -> dict[str, Any]:
    said = ngettext("%(count)s new message", "%(count)s new messages", pill.plural)
    return {
        "pill": pill,
        "where": where,
        "live": said % {"count": pill.count} if pill.number else "",
    }


@signed_in
@require_safe
@part_of_page("chats:conversation_detail")
def conversation_new(request: ReaderRequest, pk: int) -> HttpResponse:
    """The messages that begin threads after the id `after`, to be added below the others."""
    conversation = find_conversation(request.user, pk)
    presenter = presenter_of(request, conversation)
    after = id_or_zero(request.GET.get("after"))
    feed = conversation_feed(request.user, presenter, conversation, after=after)
    first = next((event.m for event in feed.events if event.m is not None), None)
    if first is not None:
        first.autofocus = True
    context = conversation_context(request, conversation) | {
        "events": feed.events,
        "pill": Pill(),
        "oob": True,
    }
    parts = ["branch.html", "oob_counters.html", "new_pill.html", "read_conversation.html"]
    return render_parts(request, [f"partials/{part}" for part in parts], context)


@signed_in
@require_safe
def changes(request: ReaderRequest) -> HttpResponse:
    """What is different around a page that is about no conversation; of the inbox also its cards."""
    if not wants_part(request):
        return redirect("chats:inbox")
    around = PageShell(request)
    if Version.spelt(request.GET.get("since", "")) == around.version:
        return as_part(HttpResponse(status=204))
    context: dict[str, Any] = {"around": around}
    parts = ["partials/oob_counters.html", "partials/changes.html"]
    if around.on_inbox:
        cards = CardChanges(request.user, Shown.told(request.GET))
        context |= {"changes": cards, "left": Cards(request.user, only=cards.left)}
        parts.insert(0, "partials/oob_cards.html")
        if around.on_newest:
            inbox = reverse("chats:inbox")
            where = {"url": inbox, "part": inbox, "target": "#unread", "swap": "outerHTML"}
            context |= _offered(cards.pill(CARDS), where)
            parts.append("partials/new_pill.html")
    return render_parts(request, parts, context | {"oob": True})
