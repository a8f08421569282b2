"""What tests of the pages share: headers of htmx, and people with something between them."""

from datetime import datetime

import pytest
from django.test import Client

from messaging import services
from messaging.models import Message
from tests.factories import MessageFactory, reply_to

HTMX = {"HX-Request": "true"}


@pytest.fixture(params=[None, HTMX], ids=["page", "part"])
def headers(request):
    """Of a browser, and of htmx."""
    return request.param


@pytest.fixture
def mine(ana, ben):
    """A message that ana, who reads, has sent."""
    return MessageFactory(sender=ana, receiver=ben, content="What ana wrote")


@pytest.fixture
def theirs(ana, ben):
    """A message to ana, who has not read it."""
    return MessageFactory(sender=ben, receiver=ana, content="What ben wrote")


@pytest.fixture
def foreign(ben, stranger):
    """A message that ana may not see, though she knows one of its people."""
    return MessageFactory(sender=stranger, receiver=ben, content="Between others")


@pytest.fixture
def edited(mine, ana):
    return services.edit_message(
        message=mine, editor=ana, content="What ana meant", text_version=mine.text_version
    )


@pytest.fixture
def deleted(ana, ben):
    """A message of ana's that is gone, but keeps its place above a reply."""
    message = MessageFactory(sender=ana, receiver=ben, content="Said too soon")
    reply_to(message, "An answer to it")
    services.delete_message(message=message, author=ana)
    return Message.objects.get(pk=message.pk)


def signed_in(person):
    """A browser of this person's own."""
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def as_ben(ben):
    return signed_in(ben)


@pytest.fixture
def as_stranger(stranger):
    return signed_in(stranger)


@pytest.fixture
def time_travel(monkeypatch):
    """Calls with "2026-03-02T14:05Z" make it that moment."""

    def go(moment):
        now = datetime.fromisoformat(moment)
        monkeypatch.setattr("django.utils.timezone.now", lambda: now)

    return go
