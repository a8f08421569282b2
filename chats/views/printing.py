"""A conversation as it is printed: every message, threads open, and nothing to press in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chats.caching import find_conversation
from chats.http.params import LARGEST_ID, id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import signed_in
from chats.message_view_model import People, Person, Presenter, ShownMessage
from chats.views.conversations import other_person
from messaging.models import Conversation, Message
from messaging.threads import Row, Step, grow, walk

# Messages on one page to print: some hundred sheets of paper, and a second of the server's time.
PRINTED = 5_000
INDENTED = 4  # levels; deeper replies stand where these do, and name whom they answer


@dataclass(frozen=True, slots=True)
class PrintedMessage:
    """A message on paper."""

    m: ShownMessage
    level: int  # how far it is indented, from 0 to `INDENTED`
    names_parent: bool  # whether it says whom it answers, because that does not stand above it


@dataclass(kw_only=True)
class PrintedConversation:
    """The newest messages of a conversation, or those before another one, oldest first."""

    conversation: Conversation
    other: Person
    messages: list[PrintedMessage]
    before: int  # the newest messages stand on another page; 0: they are here
    older_before: int  # the id before which there are older ones; 0: there are none


@signed_in
@require_safe
def conversation_print(request: ReaderRequest, pk: int) -> HttpResponse:
    """The whole conversation on one page, as far as it has room."""
    conversation = find_conversation(request.user, pk)
    before = id_or_zero(request.GET.get("before"))
    found = conversation.messages.filter(pk__lt=before or LARGEST_ID).order_by("-id")
    rows = list(found.values_list("pk", "parent_message_id")[: PRINTED + 1])
    presenter = Presenter(People(request.user, conversation.people.values()), dividers=False)
    page = PrintedConversation(
        conversation=conversation,
        other=other_person(request, conversation),
        messages=list(_in_reading_order(rows[:PRINTED], presenter)),
        before=before,
        older_before=rows[PRINTED - 1][0] if len(rows) > PRINTED else 0,
    )
    return render(request, "chats/conversation_print.html", vars(page))


def _in_reading_order(
    rows: Sequence[tuple[int, int | None]], presenter: Presenter
) -> Iterator[PrintedMessage]:
    """Each thread below the message that begins it; a reply without its parent begins one here."""
    here = {pk for pk, _parent in rows}
    tops = [pk for pk, parent in rows if parent not in here][::-1]
    below = [Row(pk, parent, unread=False) for pk, parent in rows if parent in here]
    trees = grow(below, tops)
    messages = Message.objects.for_display().in_bulk(here) if here else {}
    level = -1
    for step, branch in walk(trees[pk] for pk in tops):
        if step is Step.LEAVE:
            level -= 1
            continue
        level += 1
        # One that was deleted meanwhile has no words any more.
        if branch.pk in messages:
            shown = presenter.show(messages[branch.pk])
            names_parent = shown.is_reply and (level == 0 or level > INDENTED)
            yield PrintedMessage(shown, min(level, INDENTED), names_parent)
