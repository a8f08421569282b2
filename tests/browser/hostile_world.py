"""A reader to whom others have written nothing but hostile strings, and under hostile names.

The rows are made straight in the database: hundreds of sends would take longer than all pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from messaging.models import Conversation, Mailbox, Message, MessageHistory, Notification
from tests.factories import MessageFactory, UserFactory
from tests.safety.hostile import STRINGS

STORABLE = [text for text in STRINGS if "\0" not in text and text.strip()]
NAMES = [text[:80] for text in STORABLE if len(text) <= 300]
A_NAME_EACH = 60  # people, each with two of the names: a first and a last one


@dataclass
class World:
    reader: User
    conversation: Conversation  # a few strings a message, a long one alone
    messages: list[Message]
    root: Message  # the same texts as replies to it
    edited: Message  # its versions are a few strings each
    own: Message  # the reader's, of many strings
    others: list[User]


def packed(strings: list[str], most: int) -> list[str]:
    """The strings, in order, in texts of about `most` characters."""
    texts: list[str] = [""]
    for string in strings:
        if texts[-1] and len(texts[-1]) + len(string) > most:
            texts.append("")
        texts[-1] += f"{string}\n\n"
    return texts


def make_world(reader: User, ana: User) -> World:
    conversation = Conversation.objects.between(ana, reader)
    texts = packed(STORABLE, 300)
    messages = _written(conversation, ana, reader, texts)
    root = MessageFactory(sender=ana, receiver=reader, content="The root of them all")
    _written(conversation, ana, reader, texts, parent=root)
    edited = MessageFactory(sender=ana, receiver=reader, content="What it says in the end")
    MessageHistory.objects.bulk_create(
        MessageHistory(message=edited, old_content=text, edited_by=ana)
        for text in packed(STORABLE, 1_000)
    )
    Message.objects.filter(pk=edited.pk).update(edited=True)
    own = MessageFactory(sender=reader, receiver=ana, content=packed(STORABLE, 15_000)[0])
    others = []
    for number in range(A_NAME_EACH):
        first, last = NAMES[2 * number % len(NAMES) :: len(NAMES) // 3][:2]
        if number == 0:  # by an import: no form of ours takes such a name
            first = "\u202eesrever\u2066 evil"
        other = UserFactory(username=f"zz{uuid4().hex[:12]}", first_name=first, last_name=last[:80])
        _written(
            Conversation.objects.between(other, reader),
            other,
            reader,
            [STORABLE[(number * 7) % len(STORABLE)]],
        )
        others.append(other)
    Mailbox.objects.raise_versions([reader.pk, ana.pk])
    return World(reader, conversation, messages, root, edited, own, others)


def _written(conversation, sender, receiver, texts, parent=None):
    now = timezone.now()
    made = Message.objects.bulk_create(
        Message(
            sender=sender,
            receiver=receiver,
            conversation=conversation,
            content=text,
            client_key=uuid4(),
            timestamp=now,
            parent_message=parent,
            thread=parent,
        )
        for text in texts
    )
    Notification.objects.bulk_create(
        Notification(user=receiver, message=message) for message in made
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message=made[-1])
    return made
