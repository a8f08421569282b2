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

from chats.edit_history import EditHistory, edit_history_of
from chats.http.params import LARGEST_ID, id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, render_parts, signed_in, wants_part
from chats.message_view_model import People, Person, Presenter, ShownMessage, message_url
from chats.page_shell import PageShell
from chats.threads.conversation_list import divider_above
from chats.threads.layout import LEVELS, below
from chats.threads.layout_steps import (
    MANY,
    ContinueStep,
    Count,
    EndOfMessage,
    LayoutStep,
    MessageStep,
    PillStep,
    RepliesStep,
)
from common.compiled_queries import CompiledQuery
from messaging import services
from messaging.models import Conversation, Message
from messaging.rendering import excerpt

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

    from messaging.managers import MessageQuerySet

# Of what stands above a message so many are named, and the root besides.
NEAREST = 3

# The steps that say how many replies there are.
COUNTED = (RepliesStep, PillStep, ContinueStep)


def find_message(reader: User, pk: int) -> Message:
    """The message, with its people, if it is the reader's to see; else a 404."""
    found = _MESSAGE.first(pk, reader.pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404
    return found


def _message(pk: int, reader: int) -> QuerySet[Message]:
    # Without the mailbox of who receives an answer: where mail is sent, one is asked for then. With
    # two more tables PostgreSQL thinks twice as long about every message, 2.3 ms instead of 1.3.
    messages: MessageQuerySet = Message.objects.visible_to(reader).filter(pk=pk).for_display()
    return messages.with_order().select_related("receiver", "conversation")


# Asked by every page about a message, and by all that is done to one.
_MESSAGE = CompiledQuery(_message)


def presenter_for(request: ReaderRequest, message: Message) -> Presenter:
    """What shows `message`, which `find_message` found, on the page that the reader looks at."""
    people = People(request.user, (message.sender, message.receiver))
    by_activity = message.by_activity and PageShell(request, message.conversation).on_conversation
    return Presenter(people, dividers=not by_activity)


@dataclass(slots=True)
class Ancestor:
    """A message above another."""

    pk: int
    url: str
    who: str
    beginning: str


@dataclass(kw_only=True)
class MessageContext:
    """What every page about a message, and every part of one, shows."""

    shell: PageShell
    conversation: Conversation
    message: Message
    presenter: Presenter
    other: Person
    m: ShownMessage
    level: int  # how many levels below its root the message is drawn on the page that asks
    live: str = ""  # what screen readers hear


@dataclass(kw_only=True)
class ThreadPage(MessageContext):
    """A message with its replies, on a page of its own."""

    steps: list[LayoutStep]
    after: int  # the page begins after this reply; 0: with the first one
    replies: Count | None  # how many there are
    ancestors: list[Ancestor]
    root: Ancestor | None
    levels_up: str  # from the message to `root`


@dataclass(kw_only=True)
class ThreadPart(MessageContext):
    """What hangs below a message."""

    steps: list[LayoutStep]
    focus: bool = False


@dataclass(kw_only=True)
class HistoryPage(MessageContext):
    """The edit history of a message."""

    history: EditHistory


@dataclass(kw_only=True)
class DeletePage(MessageContext):
    """The question before a message is deleted."""

    has_replies: bool


def message_context(request: ReaderRequest, message: Message) -> dict[str, Any]:
    """The fields of a `MessageContext`."""
    presenter = presenter_for(request, message)
    mine = message.sender_id == request.user.pk
    other_pk = message.receiver_id if mine else message.sender_id
    level = level_of(request)
    shown = presenter.show(message)
    shown.is_reply = level > 0  # at the top of its page, what it answers is not drawn
    return {
        "shell": PageShell(request, message.conversation),
        "conversation": message.conversation,
        "message": message,
        "presenter": presenter,
        "other": presenter.people[other_pk],
        "m": shown,
        "level": level,
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
    part = request.GET.get("part")
    if not wants_part(request):
        page = _thread_page(request, message)
        return render_part(request, "chats/message_detail.html", "", page)
    if part == "thread":
        return _thread(request, message)
    if part == "replies":
        return _more_replies(request, message)
    context = MessageContext(**message_context(request, message))
    context.m.autofocus = True
    return render_parts(request, ["partials/message.html"], context)


def _thread_page(request: ReaderRequest, message: Message) -> ThreadPage:
    context = MessageContext(**message_context(request, message))
    after = id_or_zero(request.GET.get("after"))
    context.m.autofocus = not after
    context.level = 0
    below_it = below(message.pk, context.presenter, request.user, level=0, after=after)
    ancestors, root, levels_up = _above(message, context.presenter)
    return ThreadPage(
        **vars(context),
        steps=[
            divider_above(context.m, context.presenter),
            MessageStep(context.m),
            *below_it,
            EndOfMessage(),
        ],
        after=after,
        replies=below_it[0].count if below_it and isinstance(below_it[0], COUNTED) else None,
        ancestors=ancestors,
        root=root,
        levels_up=levels_up,
    )


def _thread(request: ReaderRequest, message: Message) -> HttpResponse:
    context = MessageContext(**message_context(request, message))
    steps = below(
        message.pk, context.presenter, request.user, level=context.level, whose=context.m.whose
    )
    drawn = sum(isinstance(step, MessageStep) for step in steps)
    context.live = replies_shown_label(drawn)
    thread = ThreadPart(**vars(context), steps=steps, focus=True)
    return render_parts(request, ["partials/thread.html", "partials/oob_live.html"], thread)


def _more_replies(request: ReaderRequest, message: Message) -> HttpResponse:
    context = MessageContext(**message_context(request, message))
    after, before = (id_or_zero(request.GET.get(name)) for name in ("after", "before"))
    steps = below(
        message.pk,
        context.presenter,
        request.user,
        level=context.level,
        after=after,
        before=before,
    )[1:-1]  # without the list around them, which the page has
    replies = [step for step in steps if isinstance(step, MessageStep)]
    if replies:
        replies[0].m.autofocus = True
    direct = sum(reply.level == context.level + 1 for reply in replies)
    more = ngettext("%(count)s more reply", "%(count)s more replies", direct)
    context.live = more % {"count": direct}
    part = ThreadPart(**vars(context), steps=steps)
    return render_parts(request, ["partials/branch.html", "partials/oob_live.html"], part)


def replies_shown_label(count: int) -> str:
    return ngettext("%(count)s reply shown", "%(count)s replies shown", count) % {"count": count}


def _above(message: Message, presenter: Presenter) -> tuple[list[Ancestor], Ancestor | None, str]:
    """The nearest messages that this one answers, the nearest last; the root, if it is none of them;
    and how many levels there are in all.
    """
    if message.parent_message_id is None:
        return [], None, ""
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
    return nearest, root, Count.of(len(rows)).text


def _row(pk: int | None) -> dict[str, Any]:
    found = Message.objects.filter(pk=pk)
    row: dict[str, Any] = found.values(
        "pk", "sender_id", "deleted_at", beginning=Left("content", 500)
    ).get()
    return row


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
    history = edit_history_of(message, context["presenter"], before)
    page = HistoryPage(**context, history=history)
    return render_part(request, "chats/message_history.html", "partials/history.html", page)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def message_delete(request: ReaderRequest, pk: int) -> HttpResponse:
    """Delete a message of one's own, after a page that says what goes."""
    message = find_message(request.user, pk)
    if message.sender_id != request.user.pk or message.deleted_at is not None:
        raise Http404
    if request.method != "POST":
        has_replies = message.replies.exists()
        page = DeletePage(**message_context(request, message), has_replies=has_replies)
        return render_part(request, "chats/message_delete.html", "chats/message_delete.html", page)
    try:
        stays = services.delete_message(message=message, author=request.user)
    except Message.DoesNotExist:
        raise Http404 from None
    flash.success(request, _("Message deleted"))
    near = pk if stays else message.parent_message_id
    if near and Message.objects.filter(pk=near).exists():
        return redirect(f"{message_url(near)}#m-{near}")
    return redirect(reverse("chats:conversation_detail", args=[message.conversation_id]))
