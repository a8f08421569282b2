"""One message: where it hangs, what hangs below it, its history, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages as flash
from django.db.models.functions import Left
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from chats.edit_history import versions_of
from chats.http.params import LARGEST_ID, id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, render_parts, signed_in, wants_part
from chats.message_view_model import Person, Presenter, message_url
from chats.page_shell import PageShell
from chats.threads.layout import LEVELS, MANY, LayoutStep, below, said_count
from common.compiled_queries import CompiledQuery
from messaging import services
from messaging.models import Message
from messaging.rendering import excerpt

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

# Of what stands above a message so many are named, and the root besides.
NEAREST = 3


def find_message(reader: User, pk: int) -> Message:
    """The message, with its people, if it is the reader's to see; else a 404."""
    found = _MESSAGE.first(pk, reader.pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404
    return found


def _message(pk: int, reader: int) -> QuerySet[Message]:
    # Without the mailbox of who receives an answer: where mail is sent, one is asked for then. With
    # two more tables PostgreSQL thinks twice as long about every message, 2.3 ms instead of 1.3.
    messages = Message.objects.visible_to(reader).filter(pk=pk).for_display()
    return messages.select_related("receiver", "conversation")


# Asked by every page about a message, and by all that is done to one.
_MESSAGE = CompiledQuery(_message)


def presenter_for(reader: User, message: Message) -> Presenter:
    people = {user.pk: Person.of(user) for user in (message.sender, message.receiver)}
    return Presenter(reader, people)


def message_context(request: ReaderRequest, message: Message) -> dict[str, Any]:
    """What every page about a message, and every part of one, needs."""
    presenter = presenter_for(request.user, message)
    mine = message.sender_id == request.user.pk
    return {
        "around": PageShell(request, message.conversation),
        "conversation": message.conversation,
        "message": message,
        "presenter": presenter,
        "other": Person.of(message.receiver if mine else message.sender),
        "m": presenter.show(message),
        "level": level_of(request),
    }


def level_of(request: ReaderRequest) -> int:
    """How many levels below its root a message is drawn on the page that asks."""
    return min(id_or_zero(request.POST.get("level") or request.GET.get("level")), LEVELS)


@signed_in
@require_safe
def message_detail(request: ReaderRequest, pk: int) -> HttpResponse:
    """A message in its thread, with what it answers above it and its replies below.

    Its parts: the `message` alone, its `thread` (the replies below it), more `replies`.
    """
    message = find_message(request.user, pk)
    context = message_context(request, message)
    part = request.GET.get("part")
    if not wants_part(request):
        return render_part(request, "chats/message_detail.html", "", _page_of(request, context))
    if part == "thread":
        return _thread(request, context)
    if part == "replies":
        return _more_replies(request, context)
    context["m"].autofocus = True
    return render_parts(request, ["partials/message.html"], context)


def _page_of(request: ReaderRequest, context: dict[str, Any]) -> dict[str, Any]:
    message: Message = context["message"]
    after = id_or_zero(request.GET.get("after"))
    events = below(message.pk, context["presenter"], request.user, level=0, after=after)
    context["m"].autofocus = not after
    top = LayoutStep("message", context["m"])
    return (
        context
        | _above(message, context["presenter"])
        | {
            "level": 0,
            "after": after,
            "events": [top, *events, LayoutStep("leave")],
            "replies": events[0] if events else None,
        }
    )


def _thread(request: ReaderRequest, context: dict[str, Any]) -> HttpResponse:
    message, level = context["message"], context["level"]
    events = below(message.pk, context["presenter"], request.user, level=level)
    drawn = sum(event.kind == "message" for event in events)
    context |= {"events": events, "focus": True, "live": said_shown(drawn)}
    return render_parts(request, ["partials/thread.html", "partials/oob_live.html"], context)


def _more_replies(request: ReaderRequest, context: dict[str, Any]) -> HttpResponse:
    message, level = context["message"], context["level"]
    after, before = (id_or_zero(request.GET.get(name)) for name in ("after", "before"))
    events = below(
        message.pk, context["presenter"], request.user, level=level, after=after, before=before
    )
    items = [event for event in events if event not in (events[0], events[-1])]
    for event in items:
        if event.kind == "message" and event.m is not None:
            event.m.autofocus = True
            break
    direct = sum(event.kind == "message" and event.level == level + 1 for event in items)
    more = ngettext("%(count)s more reply", "%(count)s more replies", direct)
    context |= {"events": items, "live": more % {"count": direct}}
    return render_parts(request, ["partials/branch.html", "partials/oob_live.html"], context)


def said_shown(count: int) -> str:
    return ngettext("%(count)s reply shown", "%(count)s replies shown", count) % {"count": count}


@dataclass(slots=True)
class Ancestor:
    """A message above another."""

    pk: int
    url: str
    who: str
    beginning: str


def _above(message: Message, presenter: Presenter) -> dict[str, Any]:
    """The nearest messages that this one answers, the nearest last, and the root."""
    if message.parent_message_id is None:
        return {"ancestors": [], "root": None, "levels_up": ""}
    rows = list(
        Message.objects.ancestors_of(message)
        .order_by("distance")
        .values("pk", "sender_id", "deleted_at", beginning=Left("content", 500))[:MANY]
    )
    nearest = [_ancestor(row, presenter) for row in reversed(rows[:NEAREST])]
    root = None
    if len(rows) > NEAREST:
        whole = rows[-1]["pk"] == message.thread_id
        last = rows[-1] if whole else _row(message.thread_id)
        root = _ancestor(last, presenter)
    return {"ancestors": nearest, "root": root, "levels_up": said_count(len(rows))}


def _row(pk: int | None) -> dict[str, Any]:
    found = Message.objects.filter(pk=pk)
    return found.values("pk", "sender_id", "deleted_at", beginning=Left("content", 500)).get()


def _ancestor(row: dict[str, Any], presenter: Presenter) -> Ancestor:
    own = row["sender_id"] == presenter.reader_pk
    who = _("You") if own else presenter.people[row["sender_id"]].name
    beginning = _("Message deleted") if row["deleted_at"] else excerpt(row["beginning"])
    return Ancestor(row["pk"], message_url(row["pk"]), who, beginning)


@signed_in
@require_safe
def message_history(request: ReaderRequest, pk: int) -> HttpResponse:
    """Every text the message has had, newest first, with what each change added and removed."""
    message = find_message(request.user, pk)
    if message.deleted_at is not None:
        raise Http404
    context = message_context(request, message)
    before = id_or_zero(request.GET.get("before"))
    context |= versions_of(message, context["presenter"], before)
    return render_part(request, "chats/message_history.html", "partials/history.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def message_delete(request: ReaderRequest, pk: int) -> HttpResponse:
    """Delete a message of one's own, after a page that says what goes."""
    message = find_message(request.user, pk)
    if message.sender_id != request.user.pk or message.deleted_at is not None:
        raise Http404
    if request.method != "POST":
        context = message_context(request, message)
        context["has_replies"] = message.replies.exists()
        return render_part(
            request, "chats/message_delete.html", "chats/message_delete.html", context
        )
    try:
        stays = services.delete_message(message=message, author=request.user)
    except Message.DoesNotExist:
        raise Http404 from None
    flash.success(request, _("Message deleted"))
    near = pk if stays else message.parent_message_id
    if near and Message.objects.filter(pk=near).exists():
        return redirect(f"{message_url(near)}#m-{near}")
    return redirect(reverse("chats:conversation_detail", args=[message.conversation_id]))
