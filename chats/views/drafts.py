"""Drafts: what is written is kept, in the conversation or below the message that it answers."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from chats.caching import find_conversation
from chats.forms import DraftForm
from chats.http.limits import limited
from chats.http.requests import ReaderRequest
from chats.http.responses import as_part, render_part, signed_in, wants_part
from chats.message_view_model import message_url
from chats.page_shell import PageShell
from chats.views.messages import find_message
from messaging import services
from messaging.models import Conversation, Draft, Message


@dataclass(kw_only=True)
class ConflictingDraft:
    """A draft that was changed in another window, and the text of this one."""

    shell: PageShell
    draft: Draft
    content: str
    action: str


@signed_in
@require_POST
@limited("draft_save", count_reads=False)
def conversation_draft(request: ReaderRequest, pk: int) -> HttpResponse:
    """Keep what is written to begin a thread."""
    conversation = find_conversation(request.user, pk)
    page = reverse("chats:conversation_detail", args=[pk])
    return _save(request, conversation, None, f"{page}#latest")


@signed_in
@require_POST
@limited("draft_save", count_reads=False)
def message_draft(request: ReaderRequest, pk: int) -> HttpResponse:
    """Keep what is written as a reply."""
    message = find_message(request.user, pk)
    page = f"{message_url(pk)}#m-{pk}"
    return _save(request, message.conversation, message, page)


def _save(
    request: ReaderRequest, conversation: Conversation, message: Message | None, page: str
) -> HttpResponse:
    form = DraftForm(request.POST)
    if not form.is_valid():
        return as_part(HttpResponse(status=422)) if wants_part(request) else redirect(page)
    try:
        version = services.save_draft(
            author=request.user,
            conversation=conversation,
            message=message,
            content=form.cleaned_data["content"],
            version=form.cleaned_data["draft_version"],
            client_key=form.cleaned_data["client_key"],
        )
    except services.DraftConflict as conflict:
        context = ConflictingDraft(
            shell=PageShell(request, conversation),
            draft=conflict.draft,
            content=form.cleaned_data["content"],
            action=request.path,
        )
        template = "partials/draft_conflict.html"
        response = render_part(request, "chats/draft_conflict.html", template, context, status=409)
        response["Draft-Version"] = str(conflict.draft.version)
        return response
    except ValidationError:  # it is said when it is sent; until then it stays in the box
        return as_part(HttpResponse(status=422)) if wants_part(request) else redirect(page)
    if not wants_part(request):
        return redirect(page)
    response = as_part(HttpResponse(status=204))
    response["Draft-Version"] = str(version or "")
    return response
