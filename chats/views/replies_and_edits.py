"""Replies and edits: forms in place, or pages of their own."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chats.forms import EditForm, MessageForm
from chats.http.limits import limited
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, render_parts, signed_in, wants_part
from chats.message_view_model import message_url
from chats.threads.layout import LEVELS, below
from chats.threads.reply_rows import REPLIES
from chats.views.messages import MessageContext, ThreadPart, find_message, message_context
from messaging import services
from messaging.models import Conversation, Message


@dataclass(kw_only=True)
class ReplyPage(MessageContext):
    """A message with the form that answers it."""

    form: MessageForm


@dataclass(kw_only=True)
class EditPage(MessageContext):
    """A message with the form that changes its text."""

    form: EditForm
    current: Message | None  # as it was changed elsewhere meanwhile


def _find_answerable(request: ReaderRequest, pk: int) -> Message:
    message = find_message(request.user, pk)
    if message.deleted_at is not None:
        raise Http404
    return message


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def message_reply(request: ReaderRequest, pk: int) -> HttpResponse:
    """Answer a message: the form, then the answer in its place."""
    message = _find_answerable(request, pk)
    if request.method == "POST":
        return _send_reply(request, message)
    draft = services.draft_of(request.user, message.conversation_id, message.pk)
    return _reply_form(request, message, MessageForm.fresh(draft))


def _reply_form(
    request: ReaderRequest, message: Message, form: MessageForm, status: int = 200
) -> HttpResponse:
    page = ReplyPage(**message_context(request, message), form=form)
    return render_part(
        request, "chats/message_reply.html", "partials/reply_form.html", page, status=status
    )


@limited("message_send", count_reads=False)
def _send_reply(request: ReaderRequest, message: Message) -> HttpResponse:
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _reply_form(request, message, form, status=422)
    try:
        reply = services.send_message(
            sender=request.user,
            content=form.cleaned_data["content"],
            client_key=form.cleaned_data["client_key"],
            draft_version=form.cleaned_data["draft_version"],
            parent=message,
        )
    except services.MessageConflict as conflict:
        return _reply_form(request, message, form.as_another(conflict.message), status=409)
    except (Conversation.DoesNotExist, Message.DoesNotExist):
        raise Http404 from None
    except ValidationError as error:
        form.add_error(None, error)
        return _reply_form(request, message, form, status=422)
    if not wants_part(request):
        return redirect(_where_shown(message, reply))
    return render_parts(
        request,
        ["partials/oob_thread.html", "partials/oob_counters.html"],
        _thread_with(request, message, reply),
    )


def _where_shown(message: Message, reply: Message) -> str:
    """The page on which a new reply can be seen: that of what it answers, if it has room."""
    before = message.replies.filter(pk__lt=reply.pk)[:REPLIES].count()
    page = message.pk if before < REPLIES else reply.pk
    return f"{message_url(page)}#m-{reply.pk}"


def _thread_with(request: ReaderRequest, message: Message, reply: Message) -> ThreadPart:
    context = MessageContext(**message_context(request, message))
    # What `for_display` adds to messages that are read.
    reply.parent_sender_id = message.sender_id
    reply.thread_began = message.thread_began or message.timestamp  # type: ignore[attr-defined]
    sent = context.presenter.show(reply)
    sent.autofocus = True
    context.live = _("Reply sent")
    steps = below(
        message.pk,
        context.presenter,
        request.user,
        level=context.level,
        sent=sent,
        whose=context.m.whose,
    )
    # Too deep to be drawn here: the link to it takes the focus.
    return ThreadPart(**vars(context), steps=steps, focus=context.level >= LEVELS)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def message_edit(request: ReaderRequest, pk: int) -> HttpResponse:
    """Change the text of one's own message; the old text stays in its history."""
    message = _find_answerable(request, pk)
    if message.sender_id != request.user.pk:
        raise Http404
    if request.method == "POST":
        return _save_edit(request, message)
    form = EditForm(initial={"content": message.content, "text_version": message.text_version or 0})
    return _edit_form(request, message, form)


def _edit_form(
    request: ReaderRequest,
    message: Message,
    form: EditForm,
    status: int = 200,
    current: Message | None = None,
) -> HttpResponse:
    page = EditPage(**message_context(request, message), form=form, current=current)
    return render_part(
        request, "chats/message_edit.html", "partials/edit_form.html", page, status=status
    )


def _save_edit(request: ReaderRequest, message: Message) -> HttpResponse:
    form = EditForm(request.POST)
    if not form.is_valid():
        return _edit_form(request, message, form, status=422)
    try:
        edited = services.edit_message(message=message, editor=request.user, **form.cleaned_data)
    except services.MessageConflict as conflict:
        # The form goes on from what is there now: sending it again is meant.
        again = EditForm(
            initial={
                "content": form.cleaned_data["content"],
                "text_version": conflict.message.text_version or 0,
            }
        )
        return _edit_form(request, message, again, status=409, current=conflict.message)
    except (Conversation.DoesNotExist, Message.DoesNotExist):
        raise Http404 from None
    if not wants_part(request):
        return redirect(f"{message_url(edited.pk)}#m-{edited.pk}")
    message = find_message(request.user, message.pk)
    context = MessageContext(**message_context(request, message), live=_("Message edited"))
    context.m.autofocus = True
    return render_parts(request, ["partials/message.html", "partials/oob_counters.html"], context)
