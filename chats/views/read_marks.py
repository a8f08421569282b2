"""Read marks, one message at a time."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chats.http.requests import ReaderRequest
from chats.http.responses import back, render_parts, signed_in, wants_part
from chats.message_view_model import ShownMessage, message_url
from chats.page_shell import PageShell
from chats.views.messages import find_message, level_of, presenter_for
from messaging import services
from messaging.models import Conversation, Message
from messaging.unread import can_mark


@dataclass(kw_only=True)
class MarkedMessage:
    """A message after its mark has changed."""

    shell: PageShell
    conversation: Conversation
    m: ShownMessage
    live: str


@signed_in
@require_POST
def message_read(request: ReaderRequest, pk: int) -> HttpResponse:
    message = _to_reader(request, pk)
    services.mark_as_read(reader=request.user, messages=Message.objects.filter(pk=pk))
    return _answer(request, message, read=True)


@signed_in
@require_POST
def message_unread(request: ReaderRequest, pk: int) -> HttpResponse:
    message = _to_reader(request, pk)
    services.mark_as_unread(reader=request.user, message=message)
    return _answer(request, message, read=False)


def _to_reader(request: ReaderRequest, pk: int) -> Message:
    """A message that came to the reader: nobody marks what they wrote themselves."""
    message = find_message(request.user, pk)
    if not can_mark(message, request.user.pk):
        raise Http404
    return message


def _answer(request: ReaderRequest, message: Message, *, read: bool) -> HttpResponse:
    if not wants_part(request):
        return back(request, f"{message_url(message.pk)}#m-{message.pk}")
    message.read = read
    shell = PageShell(request, message.conversation)
    shown = presenter_for(request, message).show(message)
    shown.autofocus = True
    shown.is_reply = level_of(request) > 0
    context = MarkedMessage(
        shell=shell,
        conversation=message.conversation,
        m=shown,
        live=_marked_label(read, shell.unread),
    )
    return render_parts(request, ["partials/message.html", "partials/oob_counters.html"], context)


def _marked_label(read: bool, left: int) -> str:
    return _("Marked read, %(left)s left") % {"left": left} if read else _("Marked unread")
