"""What an interaction brings over the line: at most 5 KB, with twenty short messages around it."""

import pytest

from messaging import services
from messaging.models import Message
from tests.chats.addresses import url_of
from tests.chats.conftest import HTMX
from tests.factories import MessageFactory, reply_to

COMPRESSED = HTMX | {"Accept-Encoding": "gzip"}
MOST = 5 * 1024  # bytes


@pytest.fixture
def last(ana, ben):
    """The last of twenty short messages from ben to ana; it has twenty short replies."""
    messages = [
        MessageFactory(sender=ben, receiver=ana, content=f"A short message, number {number}.")
        for number in range(20)
    ]
    for number in range(20):
        reply_to(messages[-1], f"A short answer, number {number}.")
    return messages[-1]


@pytest.fixture
def own(last, ana, ben):
    message = MessageFactory(sender=ana, receiver=ben, content="My plan, first draught")
    services.edit_message(
        message=message,
        editor=ana,
        content="My plan, second draught",
        text_version=message.text_version,
    )
    return Message.objects.get(pk=message.pk)


ASKED = {
    "the list": lambda last, own: url_of("conversation_messages", last.conversation_id),
    "older": lambda last, own: (
        f"{url_of('conversation_messages', last.conversation_id)}?before={last.pk}"
    ),
    "a thread": lambda last, own: f"{url_of('message_detail', last.pk)}?part=thread",
    "a message": lambda last, own: f"{url_of('message_detail', own.pk)}?part=message",
    "a reply form": lambda last, own: url_of("message_reply", last.pk),
    "an edit form": lambda last, own: url_of("message_edit", own.pk),
    "a history": lambda last, own: url_of("message_history", own.pk),
    "notifications": lambda last, own: url_of("notifications"),
    "people": lambda last, own: f"{url_of('people')}?q=ben",
    "results": lambda last, own: f"{url_of('search')}?q=short",
}

SENT = {
    "a message": lambda last, own: (
        url_of("message_send", last.conversation_id),
        {"content": "And one more", "client_key": "8c1ef7c0-0c1f-4d4e-9a55-6dd0a6c7a0b1"},
    ),
    "a reply": lambda last, own: (
        url_of("message_reply", last.pk),
        {"content": "And one more", "client_key": "8c1ef7c0-0c1f-4d4e-9a55-6dd0a6c7a0b2"},
    ),
    "an edit": lambda last, own: (
        url_of("message_edit", own.pk),
        {"content": "My plan, third draught", "text_version": own.text_version or 0},
    ),
    "read": lambda last, own: (url_of("message_read", last.pk), {}),
    "all read": lambda last, own: (
        url_of("conversation_read", last.conversation_id),
        {"up_to": own.conversation.version},
    ),
    "cards read": lambda last, own: (url_of("inbox_read"), {"up_to": own.pk}),
    "notifications read": lambda last, own: (url_of("notifications_read"), {"up_to": own.pk}),
}


def weight_of(answer) -> int:
    assert answer.status_code == 200
    assert answer.content
    return len(answer.content)


@pytest.mark.parametrize("what", ASKED)
def test_what_is_asked_for_is_light(as_ana, last, own, what):
    assert weight_of(as_ana.get(ASKED[what](last, own), headers=COMPRESSED)) <= MOST


@pytest.mark.parametrize("what", SENT)
def test_what_answers_to_something_sent_is_light(as_ana, last, own, what):
    url, fields = SENT[what](last, own)

    assert weight_of(as_ana.post(url, fields, headers=COMPRESSED)) <= MOST


def test_a_heavier_answer_would_be_found(as_ana, last, own):
    assert weight_of(as_ana.get(url_of("conversation_detail", last.conversation_id))) > MOST
