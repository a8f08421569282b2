"""A conversation: its page, the cached list of its messages, and what is done to it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from chats.caching import ListRequest, cache_page_per_reader, find_conversation
from chats.forms import MessageForm
from chats.http.limits import limited
from chats.http.params import id_or_zero, ids_of
from chats.http.requests import ReaderRequest
from chats.http.responses import (
    back,
    part_of_page,
    render_part,
    render_parts,
    signed_in,
    wants_part,
)
from chats.message_view_model import People, Person, Presenter, message_url
from chats.page_shell import PageShell
from chats.threads.conversation_list import Feed, appended, conversation_feed
from chats.threads.layout_steps import LayoutStep
from messaging import services
from messaging.models import Conversation, Message
from messaging.people import may_write_to

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SEEN_AT_ONCE = 100


@dataclass(kw_only=True)
class ConversationContext:
    """What every page about a conversation, and every part of one, shows."""

    shell: PageShell
    conversation: Conversation
    other: Person
    can_write: bool  # whether the other person takes messages
    live: str = ""  # what screen readers hear


@dataclass(kw_only=True)
class ConversationPage(ConversationContext):
    """A conversation: its list of messages and the text box."""

    form: MessageForm
    before: int  # the page ends before this message; 0: with the newest one
    feed: Callable[[], SafeString]  # called where the list is shown: a part of the page shows none


@dataclass(kw_only=True)
class SentMessage(ConversationContext):
    """The text box after a message was sent, and the message."""

    form: MessageForm
    steps: list[LayoutStep]
    focus_box: bool = True


@dataclass(kw_only=True)
class ListOfMessages:
    """What the cached list shows: nothing of a request."""

    feed: Feed
    conversation: Conversation


@dataclass(kw_only=True)
class MarkedConversation(ConversationContext):
    """A conversation after its messages were marked as read."""

    feed: SafeString


@signed_in
@require_safe
def conversation_detail(request: ReaderRequest, pk: int) -> HttpResponse:
    """The page of a conversation."""
    conversation = find_conversation(request.user, pk)
    # A page of older messages has no text box.
    draft = None if "before" in request.GET else services.draft_of(request.user, pk)
    return _page(request, conversation, MessageForm.fresh(draft))


def _page(
    request: ReaderRequest, conversation: Conversation, form: MessageForm, status: int = 200
) -> HttpResponse:
    before = id_or_zero(request.GET.get("before"))
    page = ConversationPage(
        **conversation_context(request, conversation),
        form=form,
        before=before,
        feed=lambda: _embedded_list(request, conversation, before),
    )
    return render_part(
        request, "chats/conversation_detail.html", "partials/composer.html", page, status=status
    )


def conversation_context(request: ReaderRequest, conversation: Conversation) -> dict[str, Any]:
    """The fields of a `ConversationContext`."""
    other = _other_user(request, conversation)
    return {
        "shell": PageShell(request, conversation),
        "conversation": conversation,
        "other": Person.of(other),
        "can_write": may_write_to(request.user, other),
    }


def other_person(request: ReaderRequest, conversation: Conversation) -> Person:
    """Whom the reader talks with."""
    return Person.of(_other_user(request, conversation))


def _other_user(request: ReaderRequest, conversation: Conversation) -> User:
    other = conversation.people.get(conversation.other_pk(request.user.pk))
    if other is None:  # the account has just gone, and the conversation with it
        raise Http404
    return other


@signed_in
@require_safe
@part_of_page("chats:conversation_detail")
def conversation_messages(request: ReaderRequest, pk: int) -> HttpResponse:
    """The list of messages: the newest, or with `before` a page of older ones."""
    conversation = find_conversation(request.user, pk)
    return cached_list(request.user, conversation, id_or_zero(request.GET.get("before")))


@cache_page_per_reader(60)
def cached_list(request: ListRequest, conversation: Conversation) -> HttpResponse:
    """The list of messages, for the view and for the page that embeds it.

    Called as `cached_list(reader, conversation, before)`.
    """
    before = id_or_zero(request.GET.get("before"))
    presenter = presenter_of(request, conversation)
    feed = conversation_feed(request.user, presenter, conversation, before)
    part = "partials/feed_page.html" if before else "partials/feed.html"
    shown = ListOfMessages(feed=feed, conversation=conversation)
    return HttpResponse(render_to_string(part, vars(shown)))


def _embedded_list(
    request: ReaderRequest, conversation: Conversation, before: int = 0
) -> SafeString:
    html = cached_list(request.user, conversation, before).content.decode()
    return SafeString(html)  # the partial has escaped what people wrote


@signed_in
@require_safe
def conversation_unread(request: ReaderRequest, pk: int) -> HttpResponse:
    """Lead to the oldest unread message: on the page of the conversation, or on that of its thread
    where the page does not draw it.
    """
    conversation = find_conversation(request.user, pk)
    page = reverse("chats:conversation_detail", args=[pk])
    first = Message.unread.first_pk(conversation, request.user)
    if first is None:
        return redirect(f"{page}#latest")
    is_drawn = f'id="m-{first}"' in _embedded_list(request, conversation)
    return redirect(f"{page if is_drawn else message_url(first)}#m-{first}")


def presenter_of(request: ReaderRequest, conversation: Conversation) -> Presenter:
    """What shows the messages of `conversation` to the reader. One query, for its people."""
    _other_user(request, conversation)
    # The reader as well: `request.user` was read before the versions of the conversation, and what a
    # version stands for is read after it.
    people = People(request.user, conversation.people.values())
    return Presenter(people, dividers=not conversation.by_activity)


@signed_in
@require_POST
@limited("message_send", count_reads=False)
def message_send(request: ReaderRequest, pk: int) -> HttpResponse:
    """Send a message that begins a thread."""
    conversation = find_conversation(request.user, pk)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _page(request, conversation, form, status=422)
    try:
        message = services.send_message(
            sender=request.user,
            conversation=conversation,
            content=form.cleaned_data["content"],
            client_key=form.cleaned_data["client_key"],
            draft_version=form.cleaned_data["draft_version"],
        )
    except services.MessageConflict as conflict:
        return _page(request, conversation, form.as_another(conflict.message), status=409)
    except Conversation.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, conversation, form, status=422)
    if not wants_part(request):
        return redirect(f"{reverse('chats:conversation_detail', args=[pk])}#m-{message.pk}")
    context = SentMessage(
        **conversation_context(request, conversation),
        form=MessageForm.fresh(),
        steps=appended(message, conversation, presenter_of(request, conversation)),
        live=_("Message sent"),
    )
    parts = ["partials/composer.html", "partials/oob_items.html", "partials/oob_counters.html"]
    return render_parts(request, parts, context)


@signed_in
@require_POST
def conversation_order(request: ReaderRequest, pk: int) -> HttpResponse:
    """Choose the order in which the reader has this conversation."""
    find_conversation(request.user, pk)
    by_activity = request.POST.get("order") == "activity"
    services.set_order(reader=request.user, conversation_pk=pk, by_activity=by_activity)
    return redirect(f"{reverse('chats:conversation_detail', args=[pk])}#latest")


@signed_in
@require_POST
def conversation_read(request: ReaderRequest, pk: int) -> HttpResponse:
    """Mark as read what the reader's page was made with, and nothing that came after."""
    conversation = find_conversation(request.user, pk)
    up_to = id_or_zero(request.POST.get("up_to"))
    count = services.mark_as_read(
        reader=request.user, messages=conversation.messages.filter(changed_in__lte=up_to)
    )
    if not wants_part(request):
        return back(request, reverse("chats:conversation_detail", args=[pk]))
    conversation = find_conversation(request.user, pk)
    context = MarkedConversation(
        **conversation_context(request, conversation),
        feed=_embedded_list(request, conversation),
        live=marked_read_label(count),
    )
    return render_parts(
        request, ["partials/feed_as_is.html", "partials/oob_counters.html"], context
    )


def marked_read_label(count: int) -> str:
    return ngettext("%(count)s message marked read", "%(count)s messages marked read", count) % {
        "count": count
    }


@signed_in
@require_POST
def conversation_seen(request: ReaderRequest, pk: int) -> HttpResponse:
    """Mark as read the messages that were drawn and came into view."""
    conversation = find_conversation(request.user, pk)
    ids = ids_of(request.POST.getlist("seen"), SEEN_AT_ONCE)
    services.mark_as_read(reader=request.user, messages=conversation.messages.filter(pk__in=ids))
    if not wants_part(request):
        return back(request, reverse("chats:conversation_detail", args=[pk]))
    # Silent: nobody did anything. The marks on the page stay until it is left.
    context = ConversationContext(**conversation_context(request, conversation))
    return render_parts(request, ["partials/oob_counters.html"], context)
