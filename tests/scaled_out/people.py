"""People who write to each other through the proxy, and look whether it arrived."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

CSRF = "a" * 32
TRIES = 40  # as often somebody presses Send before they give up

# Makes pairs of people with a conversation and a session each.
MAKE_PEOPLE = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
from messaging.models import Conversation, Mailbox

User = get_user_model()
made = []
for number in range({pairs}):
    pair = [User.objects.create(username=f"p{{number}}{{side}}{mark}") for side in "ab"]
    conversation = Conversation.objects.between(*pair)
    for person in pair:
        client = Client()
        client.force_login(person)
        made.append([conversation.pk, person.pk, client.cookies["sessionid"].value])
print(json.dumps(made))
"""


@dataclass
class Seen:
    """What happened to everybody, under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: Counter = field(default_factory=Counter)  # texts that were acknowledged
    stale: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    retries: int = 0
    upstreams: Counter = field(default_factory=Counter)

    def note(self, response) -> None:
        with self.lock:
            self.upstreams[response.headers.get("X-Upstream", "").split(", ")[-1]] += 1


class Answer(NamedTuple):
    content: bytes
    status_code: int


class Person:
    """One browser. What did not arrive is sent again, as it was."""

    def __init__(self, address: str, conversation: int, session: str, seen: Seen) -> None:
        self.conversation, self.seen = conversation, seen
        self.headers = {"Cookie": f"sessionid={session}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
        self.host = urlsplit(address).netloc

    def _once(self, method: str, url: str, body: str | None, more: dict):
        line = http.client.HTTPConnection(self.host, timeout=60)
        try:
            headers = self.headers | more
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            line.request(method, url, body, headers)
            response = line.getresponse()
            return response, response.read().decode()
        finally:
            line.close()

    def ask(self, method: str, url: str, fields: dict | None = None, **headers: str) -> str:
        body = None if fields is None else urlencode(fields)
        for _ in range(TRIES):
            try:
                response, html = self._once(method, url, body, headers)
            except (OSError, http.client.HTTPException):
                response, html = None, ""
            if response is not None and response.status in {200, 204, 302}:
                self.seen.note(response)
                return html
            # 502: the process was ended while it worked at this. Everything else is a mistake.
            if response is not None and response.status != 502:
                self.seen.errors.append((response.status, method, url, html[:200]))
                return html
            with self.seen.lock:
                self.seen.retries += 1
            threading.Event().wait(0.1)  # nobody presses faster
        self.seen.errors.append(("given up", method, url))
        return ""

    def get(self, url: str, headers: dict | None = None) -> Answer:
        """As Django's own client for tests has it."""
        html = self.ask("GET", url, **(headers or {}))
        return Answer(html.encode(), 200 if html else 204)

    def send(self, text: str) -> None:
        fields = {"content": text, "client_key": uuid4()}
        self.ask("POST", f"/c/{self.conversation}/send/", fields)
        with self.seen.lock:
            self.seen.sent[text] += 1

    def sees(self, text: str) -> None:
        if f">{text}<" not in self.ask("GET", f"/c/{self.conversation}/"):
            self.seen.stale.append(text)


def talk(pair: list[Person], name: str, until: threading.Event) -> None:
    """Two people write in turn; each message is seen by both as soon as it was acknowledged."""
    turn = 0
    order = random.Random(name)  # noqa: S311
    while not until.is_set():
        writer, reader = pair if order.random() < 0.5 else reversed(pair)
        text = f"{name} says {turn}."
        writer.send(text)
        reader.sees(text)
        writer.sees(text)
        turn += 1
