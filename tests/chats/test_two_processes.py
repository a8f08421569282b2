"""Two servers, each with its own local memory, and twenty people who read and write at random.

Every text and name says whose it is and which version of it this is. So each answer shows by
itself whether it holds anything foreign, and whether it is older than what had been acknowledged
before it was asked for. TWO_PROCESSES_REQUESTS says how many requests are made:

    TWO_PROCESSES_REQUESTS=10000 make test ARGS="-rP tests/chats/test_two_processes.py"
"""

import http.client
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from itertools import count
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import connection, connections
from django.urls import reverse

from messaging.models import Conversation, Message
from tests.factories import UserFactory

REQUESTS = int(os.environ.get("TWO_PROCESSES_REQUESTS", "1000"))
PEOPLE = 20
THREADS = 4
CSRF = "a" * 32

TEXT = re.compile(r"text (\d+) from (\d+) to (\d+) version (\d+)")
NAME = re.compile(r"Person (\d+) version (\d+)")


class Page(HTMLParser):
    """What a test has to know of an answer: its messages, its badge, its words."""

    def __init__(self, html):
        super().__init__()
        self.articles = {}  # the words of each message, by id
        self.new = set()  # the ids of those marked as new
        self.badge = None
        self.words = []
        self._article = None
        self.feed(html)
        self.text = " ".join(self.words)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "article":
            self._article = int(found["id"].removeprefix("m-"))
            self.articles[self._article] = []
            if "is-unread" in found["class"].split():
                self.new.add(self._article)
        if found.get("id") == "unread-count":
            self.badge = int(found["data-unread"])

    def handle_endtag(self, tag):
        if tag == "article":
            self._article = None

    def handle_data(self, data):
        self.words.append(data)
        if self._article is not None:
            self.articles[self._article].append(data)


@dataclass
class Sent:
    """A message as far as it was acknowledged."""

    pk: int
    conversation: int
    sender: int
    receiver: int
    top_level: bool
    number: int
    version: int = 1
    stored_version: int = 0  # what an edit has to name
    deleting: bool = False  # somebody has begun to delete it
    deleted: bool = False


@dataclass
class Known:
    """What has been acknowledged to anybody, under one lock."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    messages: dict = field(default_factory=dict)
    by_conversation: dict = field(default_factory=lambda: defaultdict(list))
    unread: dict = field(default_factory=lambda: defaultdict(set))
    coming: dict = field(default_factory=lambda: defaultdict(int))  # sends on their way, ever
    names: dict = field(default_factory=dict)
    foreign: list = field(default_factory=list)
    stale: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    writes: int = 0
    reads: int = 0


class Person:
    """One person's browser: what they do, they do one thing after the other."""

    def __init__(self, user, ports, known, numbers, seed):
        self.user, self.known, self.numbers = user, known, numbers
        self.random = random.Random(seed)  # noqa: S311
        self.cookie = f"sessionid={session_of(user)}; csrftoken={CSRF}"
        self.lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for port in ports]
        self.conversations = {}  # the other person, by conversation

    def ask(self, method, url, fields=None, *, htmx=False):
        line = self.random.choice(self.lines)
        headers = {"Cookie": self.cookie, "X-CSRFToken": CSRF}
        body = None
        if htmx:
            headers["HX-Request"] = "true"
        if fields is not None:
            body = urlencode(fields, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, url, body, headers)
        response = line.getresponse()
        html = response.read().decode()
        page = Page(html)
        self._look_for_foreign(page, url)
        if response.status not in {200, 302}:
            self.known.failed.append((response.status, method, url, html[:300]))
        return response, page

    def _look_for_foreign(self, page, url):
        for number, sender, receiver, _version in TEXT.findall(page.text):
            if str(self.user.pk) not in (sender, receiver):
                self.known.foreign.append((self.user.pk, url, number))

    # --- Reading: what was acknowledged before it was asked for must be in the answer.

    def read(self):
        pk = self.random.choice([*self.conversations])
        kind = self.random.choice(["page", "page", "part", "inbox", "message", "notifications"])
        before = self._snapshot(pk)
        if kind == "page":
            url = reverse("chats:conversation_detail", args=[pk])
            _response, page = self.ask("GET", url)
            self._check_names(page, before, url)
            self._check_newest(page, before, url)
        elif kind == "part":
            url = reverse("chats:conversation_messages", args=[pk])
            _response, page = self.ask("GET", url, htmx=True)
            self._check_newest(page, before, url)
        elif kind == "message":
            messages = [one for one in before["messages"] if not one.deleting]
            if not messages:
                return
            one = self.random.choice(messages)
            url = reverse("chats:message_detail", args=[one.pk])
            with self.known.lock:
                if self.known.messages[one.pk].deleting:
                    return
            response, page = self.ask("GET", url)
            if response.status == 404 and self.known.messages[one.pk].deleting:
                self.known.failed.pop()
                return
        else:
            url = reverse(f"chats:{kind}")
            _response, page = self.ask("GET", url)
            self._check_names(page, before, url)
        self._check_messages(page, before, url)
        self._check_badge(page, before, url)
        self.known.reads += 1

    def _snapshot(self, pk):
        known = self.known
        with known.lock:
            return {
                "messages": [Sent(**vars(one)) for one in known.by_conversation[pk]],
                "versions": {
                    one.pk: one.version
                    for conversation in self.conversations
                    for one in known.by_conversation[conversation]
                },
                "numbers": {
                    one.number: (one.version, one.deleted)
                    for conversation in self.conversations
                    for one in known.by_conversation[conversation]
                },
                "unread": set(known.unread[self.user.pk]),
                "coming": known.coming[self.user.pk],
                "names": dict(known.names),
            }

    def _stale(self, *what):
        self.known.stale.append((self.user.pk, *what))

    def _check_newest(self, page, before, url):
        there = [one for one in before["messages"] if one.top_level and not one.deleting]
        if not there:
            return
        newest = there[-1].pk
        with self.known.lock:
            gone_since = self.known.messages[newest].deleting
        later = [pk for pk in page.articles if pk > newest]
        if newest not in page.articles and not gone_since and len(later) < 20:
            self._stale("missing", newest, url)

    def _check_messages(self, page, before, url):
        for number, _sender, _receiver, version in TEXT.findall(page.text):
            acknowledged = before["numbers"].get(int(number))
            if acknowledged is None:
                continue  # it came after the question
            if acknowledged[1]:
                self._stale("deleted", number, url)
            elif int(version) < acknowledged[0]:
                self._stale("edited", number, version, acknowledged, url)
        for pk in page.articles:
            if pk not in before["versions"]:
                continue
            with self.known.lock:
                one = self.known.messages[pk]
                if one.receiver != self.user.pk or one.deleting:
                    continue
            if (pk in page.new) != (pk in before["unread"]):
                self._stale("read", pk, pk in page.new, url)

    def _check_badge(self, page, before, url):
        if page.badge is None:
            return
        with self.known.lock:
            going = {pk for pk in before["unread"] if self.known.messages[pk].deleting}
            came = self.known.coming[self.user.pk] - before["coming"]
            on_their_way = len(self.known.unread[self.user.pk] - before["unread"])
        least = len(before["unread"]) - len(going)
        most = len(before["unread"]) + came + on_their_way + THREADS
        if not least <= page.badge <= most:
            self._stale("badge", page.badge, least, most, url)

    def _check_names(self, page, before, url):
        for pk, version in NAME.findall(page.text):
            if int(version) < before["names"][int(pk)]:
                self._stale("name", pk, version, url)

    # --- Writing: what was answered with success is acknowledged.

    def write(self):
        pk = self.random.choice([*self.conversations])
        other = self.conversations[pk]
        with self.known.lock:
            there = [one for one in self.known.by_conversation[pk] if not one.deleting]
        mine = [one for one in there if one.sender == self.user.pk]
        to_me = [one for one in there if one.receiver == self.user.pk]
        what = self.random.choice(
            ["send", "send", "reply", "reply", "edit", "edit", "delete", "read", "unread", "all"]
        )
        if what == "reply" and there:
            self._send(pk, other, self.random.choice(there))
        elif what == "edit" and mine:
            self._edit(self.random.choice(mine))
        elif what == "delete" and len(mine) > 3:
            self._delete(self.random.choice(mine))
        elif what in {"read", "unread"} and to_me:
            self._mark(self.random.choice(to_me), read=what == "read")
        elif what == "all":
            self._mark_all()
        else:
            self._send(pk, other, None)
        self.known.writes += 1

    def _send(self, conversation, other, parent):
        number = next(self.numbers)
        text = f"text {number} from {self.user.pk} to {other} version 1"
        url = (
            reverse("chats:message_reply", args=[parent.pk])
            if parent
            else reverse("chats:message_send", args=[conversation])
        )
        with self.known.lock:
            self.known.coming[other] += 1
        htmx = self.random.random() < 0.5
        response, page = self.ask("POST", url, {"content": text, "client_key": uuid4()}, htmx=htmx)
        if response.status == 404 and parent and self.known.messages[parent.pk].deleting:
            self.known.failed.pop()
            return
        if htmx:
            found = [pk for pk, words in page.articles.items() if text in " ".join(words)]
            pk = found[0] if found else Message.objects.get(content=text).pk
        else:
            pk = int(response.headers["Location"].partition("#m-")[2])
        sent = Sent(pk, conversation, self.user.pk, other, parent is None, number)
        with self.known.lock:
            self.known.messages[pk] = sent
            self.known.by_conversation[conversation].append(sent)
            self.known.by_conversation[conversation].sort(key=lambda one: one.pk)
            self.known.unread[other].add(pk)

    def _edit(self, one):
        text = f"text {one.number} from {one.sender} to {one.receiver} version {one.version + 1}"
        stored = Message.objects.values_list("text_version", flat=True).get(pk=one.pk)
        url = reverse("chats:message_edit", args=[one.pk])
        htmx = self.random.random() < 0.5
        self.ask("POST", url, {"content": text, "text_version": stored or 0}, htmx=htmx)
        with self.known.lock:
            one.version += 1

    def _delete(self, one):
        with self.known.lock:
            one.deleting = True
        self.ask("POST", reverse("chats:message_delete", args=[one.pk]), {})
        with self.known.lock:
            one.deleted = True
            self.known.unread[one.receiver].discard(one.pk)

    def _mark(self, one, *, read):
        url = reverse(f"chats:message_{'read' if read else 'unread'}", args=[one.pk])
        htmx = self.random.random() < 0.5
        response, page = self.ask("POST", url, {}, htmx=htmx)
        if response.status == 404 and one.deleting:
            self.known.failed.pop()
            return
        if htmx and (one.pk in page.new) == read:
            self._stale("marked", one.pk, url)
        with self.known.lock:
            if read:
                self.known.unread[self.user.pk].discard(one.pk)
            elif not one.deleting:
                self.known.unread[self.user.pk].add(one.pk)

    def _mark_all(self):
        with self.known.lock:
            mine = set(self.known.unread[self.user.pk])
        if not mine:
            return
        fields = {"up_to": max(mine)}
        self.ask("POST", reverse("chats:inbox_read"), fields, htmx=self.random.random() < 0.5)
        # Others may have sent meanwhile what nobody has acknowledged yet: those stay unread, or
        # are read with an id below. The database knows.
        with self.known.lock:
            there = Message.objects.filter(receiver=self.user, read=False)
            unread = set(there.values_list("pk", flat=True))
            self.known.unread[self.user.pk] &= unread | {
                pk for pk in self.known.unread[self.user.pk] if pk > fields["up_to"]
            }

    def rename(self):
        version = self.known.names[self.user.pk] + 1
        self.user.first_name = f"Person {self.user.pk} version {version}"
        self.user.save(update_fields=["first_name"])
        with self.known.lock:
            self.known.names[self.user.pk] = version

    def act(self):
        chance = self.random.random()
        if chance < 0.65:
            self.read()
        elif chance < 0.98:
            self.write()
        else:
            self.rename()


def session_of(user):
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return store.session_key


@pytest.fixture
def servers(transactional_db, tmp_path):
    """The ports of two server processes on the database of this test."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.chats.serving",
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,
        "ENV_FILE": os.devnull,
    }
    command = [sys.executable, "-m", "uvicorn", "messaging_app.asgi:application"]
    # People pause for longer than a server waits for the next question on a line.
    command += ["--log-level", "warning", "--timeout-keep-alive", "600", "--fd"]
    processes, ports = [], []
    for _ in range(2):
        listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        listening.set_inheritable(True)
        ports.append(listening.getsockname()[1])
        processes.append(
            subprocess.Popen(
                [*command, str(listening.fileno())],
                cwd=settings.BASE_DIR,
                env=environment,
                pass_fds=[listening.fileno()],
            )
        )
        listening.close()
    yield ports
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


@pytest.mark.db
def test_nobody_sees_anything_foreign_or_stale(servers):
    users = [UserFactory() for _ in range(PEOPLE)]
    known, numbers = Known(), count(1)
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")
    people = [
        Person(user, servers, known, numbers, seed + place) for place, user in enumerate(users)
    ]
    for person in people:
        known.names[person.user.pk] = 0
        person.rename()
    for place, person in enumerate(people):
        for step in (1, 2, 7):
            other = people[(place + step) % PEOPLE]
            conversation = Conversation.objects.between(person.user, other.user)
            person.conversations[conversation.pk] = other.user.pk
            other.conversations[conversation.pk] = person.user.pk
    end = time.monotonic() + 600 + REQUESTS / 5
    problems = []

    def live(some, requests):
        try:
            for _ in range(requests):
                assert time.monotonic() < end
                some[0].random.choice(some).act()
        except Exception as problem:
            problems.append(problem)
            raise
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=live, args=(people[place::THREADS], REQUESTS // THREADS))
        for place in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in people:
        for line in person.lines:
            line.close()

    print(f"{known.reads} reads, {known.writes} writes by {PEOPLE} people in two processes:")
    print(f"{len(known.foreign)} foreign marks, {len(known.stale)} stale answers")
    assert problems == []
    assert known.foreign == []
    assert known.stale == []
    assert known.failed == []
    assert known.reads > REQUESTS / 2
    assert known.writes > REQUESTS / 5
    for user in users:
        there = Message.objects.filter(receiver=user, read=False).values_list("pk", flat=True)
        assert set(there) == known.unread[user.pk]
    assert get_user_model().objects.count() == PEOPLE
