"""Unread messages as the inbox draws them: by conversation and thread, with a line to answer in.

A conversation begins with a `ConversationHead` and ends with an `EndOfConversation`; between them stand
its threads, each from a `ThreadHead` over its cards to an `EndOfThread`, and last the `QuickAnswer` where
the reader may write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chats.compiled_templates import CompiledTemplate, drawn_by
from chats.message_view_model import (
    People,
    Person,
    Presenter,
    ShownMessage,
    conversation_url,
    message_url,
)
from chats.threads.layout import is_run
from chats.welcome import Welcome
from messaging.models import Message
from messaging.people import may_write_to
from messaging.rendering import excerpt

if TYPE_CHECKING:
    from chats.http.requests import ReaderRequest

CARDS = 50


@drawn_by("partials/unread_conversation.html", "head")
@dataclass(slots=True)
class ConversationHead:
    """The beginning of a conversation: with whom it is, and what can be done with what is unread."""

    compiled: ClassVar[CompiledTemplate]
    person: Person
    url: SafeString
    seen: SafeString  # a hidden field for each message that "Mark read" marks
    token: str  # against forged requests


@drawn_by("partials/unread_thread.html", "thread")
@dataclass(slots=True)
class ThreadHead:
    """The beginning of a thread, or of the messages that begin threads."""

    compiled: ClassVar[CompiledTemplate]
    beginning: str  # of the message that begins it; empty above messages that begin threads

    @property
    def is_named(self) -> bool:
        return bool(self.beginning)


@drawn_by("partials/unread_card.html", "card")
@dataclass(slots=True)
class Card:
    """An unread message."""

    compiled: ClassVar[CompiledTemplate]
    m: ShownMessage
    joins: bool = False  # it continues what the same author wrote just before
    oob: bool = False  # it goes where the same one stands on the page


@drawn_by("partials/unread_thread_end.html", "end")
@dataclass(slots=True)
class EndOfThread:
    compiled: ClassVar[CompiledTemplate]


@drawn_by("partials/unread_conversation_end.html", "end")
@dataclass(slots=True)
class EndOfConversation:
    compiled: ClassVar[CompiledTemplate]


@drawn_by("partials/quick_answer.html", "answer")
@dataclass(slots=True)
class QuickAnswer:
    """The line at the end of a conversation: it answers the newest of its messages here."""

    compiled: ClassVar[CompiledTemplate]
    id: SafeString
    url: SafeString  # where the form is sent
    person: Person
    client_key: str
    token: str
    is_reply: bool  # to a message in a thread; else it is a new message of the conversation


InboxStep = ConversationHead | ThreadHead | Card | EndOfThread | QuickAnswer | EndOfConversation


class UnreadMessages:
    """The unread messages of one page, read when they are shown; `only` those, if ids are given."""

    def __init__(
        self, request: ReaderRequest, before: int = 0, only: Collection[int] | None = None
    ) -> None:
        self.request = request
        self.reader = request.user
        self.before = before
        self.only = only
        self._read: list[Message] | None = None

    def _found(self) -> list[Message]:
        if self._read is None:
            messages = Message.unread.unread_for_user(self.reader)
            if self.before:
                messages = messages.filter(pk__lt=self.before)
            if self.only is not None:
                messages = messages.filter(pk__in=self.only)
            self._read = list(messages[: CARDS + 1])
        return self._read

    @cached_property
    def _presenter(self) -> Presenter:
        people = People(self.reader, [message.sender for message in self._found()])
        return Presenter(people, dividers=False)

    @property
    def cards(self) -> list[Card]:
        """A card for each message, newest first, with nothing around it."""
        oob = self.only is not None
        return [Card(self._presenter.show(message), oob=oob) for message in self._found()[:CARDS]]

    def __iter__(self) -> Iterator[InboxStep]:
        """The liveliest conversation first; within each, what was written first."""
        conversations: dict[int, list[Message]] = {}
        for message in self._found()[:CARDS]:
            conversations.setdefault(message.conversation_id, []).insert(0, message)
        for pk, messages in conversations.items():
            yield from self._conversation(pk, messages)

    def _conversation(self, pk: int, messages: list[Message]) -> Iterator[InboxStep]:
        newest = messages[-1]
        person = self._presenter.people[newest.sender_id]
        token = get_token(self.request)
        seen = SafeString(
            "".join(f'<input type="hidden" name="seen" value="{one.pk}">' for one in messages)
        )
        yield ConversationHead(person, SafeString(conversation_url(pk)), seen, token)
        threads: dict[int | None, list[Message]] = {}
        for message in messages:
            threads.setdefault(message.thread_id, []).append(message)
        for inside in threads.values():
            yield ThreadHead(_beginning(inside[0]))
            above = None
            for shown in map(self._presenter.show, inside):
                yield Card(shown, joins=above is not None and is_run(above, shown))
                above = shown
            yield EndOfThread()
        # Further down, a conversation may go on that has its line above.
        if not self.before and may_write_to(self.reader, newest.sender):
            is_reply = newest.thread_id is not None
            url = f"{message_url(newest.pk)}reply/" if is_reply else f"{conversation_url(pk)}send/"
            place = SafeString(f"answer-{pk}")
            yield QuickAnswer(place, SafeString(url), person, str(uuid4()), token, is_reply)
        yield EndOfConversation()

    @cached_property
    def welcome(self) -> Welcome | None:
        """What stands in place of an empty list, for a reader without conversations."""
        return None if self.newest or self.before else Welcome.of(self.reader)

    @property
    def newest(self) -> int:
        """The id of the first one: nothing newer was on the page."""
        return self._found()[0].pk if self._found() else 0

    @property
    def last(self) -> int:
        """The id after which there are more; 0: there are none."""
        return self._found()[CARDS - 1].pk if len(self._found()) > CARDS else 0


def _beginning(message: Message) -> str:
    """Of the thread that `message` is a reply in; empty if it is none."""
    if message.thread is None:
        return ""
    return excerpt(message.thread.content) or _("Message deleted")
