"""Twenty open pages, lines that break at random, and many changes: what each shows in the end is
what loading it again shows.

Why it must be so: a page asks with the versions it was made with, which were read before its data.
So what it may be missing has a higher version, and is in the answer; what the answer itself may be
missing comes with the next. Streams only say when to ask: a version is told when one is opened, and
looked up again whenever there is word, and every few seconds without.

One thread does everything but listen, so a seed repeats a run; changes come between any two
statements of an answer. LIVE_CHANGES says how many there are, LIVE_SEED which.
"""

import os
import random
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from difflib import unified_diff

import pytest
from django.test import Client
from django.utils import timezone

from messaging.models import Conversation, Mailbox
from tests.chats.addresses import url_of
from tests.factories import MessageFactory, UserFactory
from tests.live.changing import KINDS, STATEMENTS, Life
from tests.live.conftest import POSTGRESQL
from tests.live.listening import BadLine, Listener
from tests.live.page import OpenPage

AT_A_TIME = 300  # changes, to people of their own
CHANGES = int(os.environ.get("LIVE_CHANGES", AT_A_TIME))
# What decides over a change is the same each time; people's own runs find something new.
NEW_SEED = 2 if os.environ.get("CI") else random.randrange(10**6)  # noqa: S311
PAGES = 20
TOLD_AFTER = 100  # changes, until everybody waits for what the streams say


@dataclass
class Window:
    """A page that hears of news over a bad line, and somebody who presses what is offered."""

    page: OpenPage
    listener: Listener
    user: object

    def go_on(self, life):
        """Ask what has changed, or press something; now and then the answer does not arrive."""
        with life.goes_on():
            if life.chance.random() < 0.4:
                self.page.press_something(life.chance)
            else:
                self.page.ask(lost=life.chance.random() < 0.1)

    def hear(self):
        """Wait until the stream has told the newest version."""
        version = newest(self.user)
        assert self.listener.wait(lambda one: one.last == version), "The stream did not tell of it."


def newest(user):
    """The version of their mailbox."""
    return Mailbox.objects.get(pk=user.pk).version


def catch_up(page, user, meanwhile=nullcontext):
    """Ask as long as the page shows something older than what there is."""
    while page.mailbox_version < newest(user):
        with meanwhile():
            page.ask()
        meanwhile = nullcontext


@pytest.fixture
def one_day(monkeypatch):
    """Time goes on, but not past midnight: then every page reads differently."""
    noon = timezone.now().replace(hour=12)
    passed = iter(range(10**9))
    monkeypatch.setattr(
        "django.utils.timezone.now", lambda: noon + timedelta(microseconds=next(passed))
    )


def open_windows(line, pairs, session_of):
    roots = [MessageFactory(sender=one, receiver=other) for one, other in pairs for _ in range(3)]
    for place in range(PAGES):
        root = roots[place % len(roots)]
        user = (root.sender, root.receiver)[place % 2]
        url = (
            url_of("conversation_detail", root.conversation_id),
            url_of("conversation_detail", root.conversation_id),
            url_of("message_detail", root.pk),
            url_of("inbox"),
        )[place % 4]
        client = Client()
        client.force_login(user)
        yield Window(OpenPage(client, url), Listener(line.port, session_of(user), again=True), user)


# One bus for each database; the long form tries the third as well, by turns.
BUSES = {
    (False, False): ["sqlite"],
    (False, True): ["sqlite", "redis"],
    (True, False): ["redis"],
    (True, True): ["postgresql", "redis"],
}[POSTGRESQL, CHANGES > AT_A_TIME]
RUNS = [(run, BUSES[run % len(BUSES)]) for run in range(-(-CHANGES // AT_A_TIME))]


@pytest.mark.parametrize(("run", "bus"), RUNS, indirect=["bus"])
def test_what_each_page_shows_in_the_end_is_true(serve, bus, session_of, one_day, run):
    seed = int(os.environ.get("LIVE_SEED") or NEW_SEED) + run
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    people = [UserFactory() for _ in range(3)]
    pairs = [(people[0], people[1]), (people[0], people[2])]
    servers = [serve(**bus, LIVE_STREAMS_PER_PERSON="100") for _ in range(2)]
    line = BadLine([server.port for server in servers], seed)
    windows = list(open_windows(line, pairs, session_of))
    life = Life(pairs, chance)
    told = 0
    try:
        while life.changes < AT_A_TIME:
            life.change()
            if chance.random() < 0.25:
                chance.choice(windows).go_on(life)
            if life.changes // TOLD_AFTER > told:
                told = life.changes // TOLD_AFTER
                line.cut()
                for window in windows:
                    window.hear()
                for window in windows:
                    catch_up(window.page, window.user, life.goes_on)
                    if chance.random() < 0.15:
                        assert_true(window.page)
        for window in windows:
            window.hear()
            if window.page.mailbox_version < window.listener.last:
                catch_up(window.page, window.user)
    finally:
        for window in windows:
            window.listener.stop()
        line.close()

    # Otherwise nothing has been shown: lines have to have broken.
    assert sum(window.listener.opened for window in windows) > PAGES
    loaded = {}  # one of each kind of page, for all who look at the same
    for window in windows:
        kind = (window.user.pk, window.page.url)
        loaded[kind] = assert_true(window.page, loaded.get(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_changes_while_an_answer_is_made_comes_with_the_next(as_ana, ana, ben, one_day, kind):
    """Before every second of its statements, after something else that it is about."""
    life = Life([(ana, ben)], random.Random(kind))  # noqa: S311
    for _ in range(3):
        life.change("begin")
        life.change("reply")
    page = OpenPage(as_ana, url_of("conversation_detail", Conversation.objects.get().pk))
    kinds = list(KINDS)
    for number in range(1 + kinds.index(kind) % 2, STATEMENTS + 1, 2):
        # A name is on everything, and no message tells that it has changed.
        life.change("rename" if number // 2 % 2 == 0 else kinds[number // 4 % len(kinds)])
        with life.goes_on(number, kind):
            page.ask()
        catch_up(page, ana)
        assert_true(page)
    # Where what came before is about this page, there are as many statements.
    assert life.changes > 6 + STATEMENTS // 2 + 4


PARTS = (
    *("#other", "#other-avatar", "#thread-line", ".feed, #unread", "#new-pill"),
    *("#unread-here", "#unread-line", "#read-all", "#conversation-list"),
    *("#unread-count", "#bell-count", "#strip"),
)


def words(part):
    """What a part says. The line "New" stays where it stood when the page was opened."""
    return [
        text.strip()
        for text in part.find_all(string=True)
        if text.strip() and not text.find_parent(class_="new-line")
    ]


def assert_true(page, fresh=None):
    """Whatever is pressed on the page, it shows what a page shows that was loaded just now: that
    one is given back.
    """
    if page.gone():
        return None
    # What somebody has opened stays open: so everything is.
    page.press_everything()
    if fresh is None:
        fresh = OpenPage(page.client, page.url)
        fresh.press_everything()
    for part in PARTS:
        if fresh.find(part) is None:
            continue
        shown, true = (words(one.find(part)) for one in (page, fresh))
        different = "\n".join(unified_diff(true, shown, lineterm="", n=6))
        assert not different, f"{page.url} {part}\n{different}"
    return fresh
