"""Twenty open pages, lines that break at random, and many changes: what each shows in the end is
what loading it again shows.

LIVE_CHANGES says how many changes are made, LIVE_SEED which. `make faults` runs it: it takes minutes.
"""

import os
import random
import threading
from dataclasses import dataclass
from difflib import unified_diff

import pytest
from django.db import connections
from django.test import Client

from messaging import services
from messaging.models import Mailbox, Message
from tests.chats.addresses import of
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.live.conftest import POSTGRESQL
from tests.live.listening import BadLine, Listener, within
from tests.live.page import OpenPage

CHANGES = int(os.environ.get("LIVE_CHANGES", "300"))
PAGES = 20


@dataclass
class Window:
    """A page that hears of news over a bad line, and somebody who presses what is offered."""

    page: OpenPage
    listener: Listener
    random: random.Random
    user: object
    version: int = 0  # of the mailbox, as the page shows it
    asked: int = 0
    problem: Exception | None = None

    def live(self, stopped):
        try:
            while not stopped.is_set():
                if self.listener.wait(lambda one: one.last > self.version, 0.2):
                    self.page.ask()
                    self.version = self.page.mailbox_version
                    self.asked += 1
                if self.random.random() < 0.1:
                    self.page.press_something(self.random)
                connections.close_all()  # PostgreSQL's pool has fewer than there are windows
        except Exception as problem:
            self.problem = problem
            raise
        finally:
            connections.close_all()


class Life:
    """What people do to each other's messages."""

    def __init__(self, pairs, seed):
        self.pairs = pairs
        self.random = random.Random(seed)  # noqa: S311

    def change(self):
        chance = self.random.random()
        one, other = self.random.choice(self.pairs)
        if self.random.random() < 0.5:
            one, other = other, one
        between = Message.objects.filter(
            sender__in=(one, other), receiver__in=(one, other), deleted_at=None
        )
        message = self.random.choice(between[::1] or [None])
        if chance < 0.12 or message is None:
            MessageFactory(sender=one, receiver=other)
        elif chance < 0.45:
            reply_to(message, sender=self.random.choice((one, other)))
        elif chance < 0.6:
            services.edit_message(
                message=message,
                editor=message.sender,
                content=f"Edited to {self.random.random()}",
                version=message.changed_in,
            )
        elif chance < 0.75:
            services.delete_message(message=message, author=message.sender)
        elif chance < 0.9:
            services.mark_as_read(
                reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
            )
        elif chance < 0.97:
            services.mark_as_unread(reader=message.receiver, message=message)
        else:
            one.first_name = f"Person {self.random.randrange(1000)}"
            one.save(update_fields=["first_name"])


def open_window(port, user, url, session_of, seed):
    client = Client()
    client.force_login(user)
    page = OpenPage(client, url)
    chance = random.Random(seed)  # noqa: S311
    return Window(page, Listener(port, session_of(user), again=True), chance, user)


# On SQLite the other bus would cost a minute and tell nothing that PostgreSQL's run does not.
@pytest.mark.parametrize(
    "bus", ["postgresql", "redis"] if POSTGRESQL else ["sqlite"], indirect=True
)
def test_what_each_page_shows_in_the_end_is_true(serve, bus, session_of):
    seed = int(os.environ.get("LIVE_SEED") or random.randrange(10**6))  # noqa: S311
    print(f"seed {seed}")
    people = [UserFactory() for _ in range(3)]
    pairs = [(people[0], people[1]), (people[0], people[2])]
    roots = [MessageFactory(sender=one, receiver=other) for one, other in pairs for _ in range(3)]
    server = serve(**bus, LIVE_STREAMS_PER_PERSON="100")
    line = BadLine(server.port, seed)
    windows = []
    for place in range(PAGES):
        root = roots[place % len(roots)]
        user = (root.sender, root.receiver)[place % 2]
        urls = (
            of("conversation_detail", root.conversation_id),
            of("conversation_detail", root.conversation_id),
            of("message_detail", root.pk),
            of("inbox"),
        )
        windows.append(
            open_window(line.port, user, urls[place % len(urls)], session_of, seed + place)
        )
    stopped = threading.Event()
    threads = [threading.Thread(target=window.live, args=(stopped,)) for window in windows]
    for thread in threads:
        thread.start()

    def quiet():
        versions = dict(Mailbox.objects.values_list("pk", "version"))
        return all(
            window.problem or window.version == versions[window.user.pk] for window in windows
        )

    try:
        life = Life(pairs, seed)
        for number in range(CHANGES):
            life.change()
            if number % 20 == 0:
                line.cut()
        line.refusing = 0
        all_told = within(120, quiet)
    finally:
        stopped.set()
        for thread in threads:
            thread.join(60)
        for window in windows:
            window.listener.stop()
        line.close()

    assert [window.problem for window in windows if window.problem] == []
    assert all_told
    # Otherwise nothing has been shown: lines broke, and pages were told in passing.
    assert sum(window.listener.opened for window in windows) > PAGES * 1.5
    assert sum(window.asked for window in windows) > PAGES * 3
    for window in windows:
        assert_true(window.page)


def assert_true(page):
    """Whatever is pressed on the page, it shows what a page shows that was loaded just now."""
    if page.gone():
        return
    fresh = OpenPage(page.client, page.url)
    # What somebody has opened stays open: so everything is.
    for one in (page, fresh):
        one.press_everything()
    # Beside them stands the other one's name, which is that of when the page was loaded.
    parts = (".feed, #unread", "#unread-here", "#unread-line", "#read-all", "#new-pill")
    for part in (*parts, "#conversation-list", "#unread-count", "#bell-count"):
        if fresh.find(part) is None:
            continue
        shown, true = (list(one.find(part).stripped_strings) for one in (page, fresh))
        different = "\n".join(unified_diff(true, shown, lineterm="", n=6))
        assert not different, f"{page.url} {part}\n{different}"
