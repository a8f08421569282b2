"""What a technique is, and the world in which both of its forms are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from benchmarks.world import FLOODER, Landmarks
from chats.http.requests import ReaderRequest
from messaging import services
from messaging.mailboxes import Mailbox
from messaging.models import Conversation, Message


class Scene:
    """The people and messages that are measured, read from the database for one call."""

    def __init__(self, at: Landmarks) -> None:
        users = get_user_model().objects
        self.reader: User = users.get(pk=at.reader)
        self.flooded: User = users.get(pk=at.flooded)  # has 200 unread messages
        self.flooder: User = users.get(pk=FLOODER)  # has sent and received 100 messages
        self.conversation = Conversation.objects.visible_to(self.reader).get(pk=at.conversation)
        self.writer = self.conversation.people[self.conversation.other_pk(at.reader)]
        self.edited = Message.objects.get(pk=at.edited)  # twelve times
        # The beginning of a chain: each message answers the one before.
        self.chain = Message.objects.get(pk=Message.objects.get(pk=at.chain_leaf).root_pk)
        self.request = request_of(self.reader)
        self.browser = Client(headers={"host": "localhost"})
        self.browser.force_login(self.reader)
        self.browser.handler.load_middleware()  # else the first request would do it

    def send_message(self) -> None:
        """Send a message to the reader, into the conversation."""
        services.send_message(sender=self.writer, receiver=self.reader, content="Are you coming?")


def request_of(reader: User) -> ReaderRequest:
    """A request of htmx, as the middleware would hand it to a view."""
    headers = {"host": "localhost", "hx-request": "true"}
    request = RequestFactory().get(reverse("chats:inbox"), headers=headers)
    request.user, request.mailbox = reader, Mailbox.objects.of(reader)
    request.htmx = HtmxDetails(request)
    return request


@dataclass(frozen=True)
class Technique:
    """One line of the table in docs/techniques.md."""

    name: str  # its heading there
    measured: str  # what both forms do
    naive: Callable[[Scene], object]
    ours: Callable[[Scene], object]
    # Each form runs once before it is measured, so that what it caches is there.
    cached: bool = False
