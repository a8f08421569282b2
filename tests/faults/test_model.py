"""Five people do random steps, which are also done to a model made of plain dictionaries.

After each step the database and the model agree. Compared are the rows, histories and notifications
of everybody and, of the two people of the step, the badge, inbox and list of one and the cached and
uncached read marks of the other. At the end the pages of everybody are compared. No row refers to a
missing row, and no reply to a message of another conversation. MODEL_RUNS and MODEL_STEPS set the
number of runs and of steps.
"""

import gc
import os
import re
from unittest.mock import patch

import pytest
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import services as accounts
from messaging import services
from messaging.models import Conversation, Message, MessageHistory, Notification
from messaging_app.wsgi import application
from tests.chats.conftest import signed_in
from tests.factories import UserFactory
from tests.faults.installation import CSRF
from tests.faults.rounds import rounds
from tests.messaging.orphans import orphans

RUNS = int(os.environ.get("MODEL_RUNS", "25"))
STEPS = int(os.environ.get("MODEL_STEPS", "20"))
AT_A_TIME = min(RUNS, max(1, 160 // STEPS))  # runs between two checks of the time
MOST_PEOPLE = 5

pick = st.integers(0, 10**6)
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=20
)


get = LocMemCache.get

BADGE = re.compile(r'id="unread-count" data-unread="(\d+)"')
BELL = re.compile(r'id="bell-count">(?:<span class="count" aria-hidden="true">(\d+)<)?')
CARDS = re.compile(r'id="u-m-(\d+)"')
LIST = re.compile(r'id="conversation-list">(.*?)</ul>', re.DOTALL)
COUNT = re.compile(r'class="count"[^>]*>(\d+)<')
STORED = (
    *("pk", "sender_id", "receiver_id", "content", "read", "parent_message_id", "deleted_at"),
    *("conversation_id", "thread_id"),
)

ARTICLES = re.compile(r'<article class="([^"]*)" id="m-(\d+)"')


class Browser:
    """The browser of a person. It calls Django's handler: a test client would copy each context."""

    def __init__(self, user):
        session = signed_in(user).cookies[site.SESSION_COOKIE_NAME].value
        self._requests = RequestFactory(
            HTTP_HOST="127.0.0.1",
            HTTP_COOKIE=f"{site.SESSION_COOKIE_NAME}={session}; csrftoken={CSRF}",
            HTTP_X_CSRFTOKEN=CSRF,
        )

    def get(self, path, status=200, **headers):
        answer = application.get_response(self._requests.get(path, headers=headers))
        assert answer.status_code == status
        return answer.content.decode()

    def post(self, path):
        assert application.get_response(self._requests.post(path)).status_code == 302


class People(RuleBasedStateMachine):
    """Does each step twice: in dictionaries and in the database."""

    def __init__(self):
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        for cache in caches.all():
            cache.clear()
        self.users = {}  # by id
        self.browsers = {}
        self.messages = {}  # by id: sender, receiver, text, earlier texts, read, parent, deleted
        self.changed = None
        self.step = 0
        for _ in range(2):
            self.sign_up()

    def teardown(self):
        try:
            for pk in self.users:
                self._inbox_is_right(pk)
            for there in Conversation.objects.exclude(last_message=None):
                for pk in there.people_pks:
                    self._marks_are_right(pk, there.pk)
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # --- What people do

    @precondition(lambda self: len(self.users) < MOST_PEOPLE)
    @rule()
    def sign_up(self):
        user = UserFactory()
        self.users[user.pk] = user
        self.browsers[user.pk] = Browser(user)

    @precondition(lambda self: len(self.users) > 1)
    @rule(who=pick, whom=pick, text=texts)
    def send(self, who, whom, text):
        people = list(self.users)
        sender = people.pop(who % len(people))
        self._sent(sender, people[whom % len(people)], text, None)

    @precondition(lambda self: self._alive())
    @rule(which=pick, own=st.booleans(), text=texts)
    def reply(self, which, own, text):
        parent = self._one_of(self._alive(), which)
        there = self.messages[parent]
        sender, receiver = there["sender"], there["receiver"]
        if not own:
            sender, receiver = receiver, sender
        self._sent(sender, receiver, text, parent)

    def _sent(self, sender, receiver, text, parent):
        message = services.send_message(
            sender=self.users[sender],
            receiver=self.users[receiver],
            content=text,
            parent=Message.objects.get(pk=parent) if parent else None,
        )
        self.messages[message.pk] = {
            "sender": sender,
            "receiver": receiver,
            "text": message.content,
            "earlier": [],
            "read": False,
            "parent": parent,
            "deleted": False,
        }
        self.changed = message.pk

    @precondition(lambda self: self._alive())
    @rule(which=pick, text=texts)
    def edit(self, which, text):
        pk = self._one_of(self._alive(), which)
        there = self.messages[pk]
        message = Message.objects.get(pk=pk)
        edited = services.edit_message(
            message=message,
            editor=self.users[there["sender"]],
            content=text,
            text_version=message.text_version,
        )
        if edited.content != there["text"]:
            there["earlier"].append(there["text"])
            there["text"] = edited.content
        self.changed = pk

    @precondition(lambda self: self._alive())
    @rule(which=pick)
    def read(self, which):
        pk = self._one_of(self._alive(), which)
        there = self.messages[pk]
        self.browsers[there["receiver"]].post(f"/m/{pk}/read/")
        there["read"] = True

    @precondition(lambda self: self._alive())
    @rule(which=pick)
    def mark_unread(self, which):
        pk = self._one_of(self._alive(), which)
        there = self.messages[pk]
        self.browsers[there["receiver"]].post(f"/m/{pk}/unread/")
        there["read"] = False

    @precondition(lambda self: self._alive())
    @rule(which=pick)
    def delete(self, which):
        pk = self._one_of(self._alive(), which)
        sender = self.users[self.messages[pk]["sender"]]
        services.delete_message(message=Message.objects.get(pk=pk), author=sender)
        self.messages[pk] |= {"text": "", "earlier": [], "read": True, "deleted": True}
        # An empty place without replies is deleted, and then perhaps the one above it.
        while pk and self.messages[pk]["deleted"] and pk not in self._parents():
            pk = self.messages.pop(pk)["parent"]
        self.changed = pk

    # Rarely, so that the conversations of the others grow old.
    @precondition(lambda self: len(self.users) == MOST_PEOPLE)
    @rule(who=pick)
    def leave(self, who):
        pk = self._one_of(list(self.users), who)
        accounts.delete_account(self.users.pop(pk))
        self.browsers.pop(pk).get("/inbox/", status=302)
        self.messages = {
            one: there
            for one, there in self.messages.items()
            if pk not in (there["sender"], there["receiver"])
        }
        self.changed = None

    def _alive(self):
        return [pk for pk, there in self.messages.items() if not there["deleted"]]

    def _parents(self):
        return {there["parent"] for there in self.messages.values()}

    def _one_of(self, some, number):
        return some[number % len(some)]

    # --- What must hold after each step

    @invariant()
    def the_database_says_what_the_model_says(self):
        earlier = {}
        history = MessageHistory.objects.order_by("pk").values_list("message_id", "old_content")
        for pk, text in history:
            earlier.setdefault(pk, []).append(text)
        stored = list(Message.objects.order_by("pk").values(*STORED))
        assert {
            there["pk"]: {
                "sender": there["sender_id"],
                "receiver": there["receiver_id"],
                "text": there["content"],
                "earlier": earlier.pop(there["pk"], []),
                "read": there["read"],
                "parent": there["parent_message_id"],
                "deleted": there["deleted_at"] is not None,
            }
            for there in stored
        } == self.messages
        assert not earlier
        assert set(get_user_model().objects.values_list("pk", flat=True)) == set(self.users)
        told = Notification.objects.values_list("message_id", "user_id", "read")
        assert sorted(told) == [
            (pk, there["receiver"], there["read"])
            for pk, there in sorted(self.messages.items())
            if not there["deleted"]
        ]
        assert orphans() == []
        # A reply is in the conversation of its parent.
        places = {there["pk"]: there for there in stored}
        for there in stored:
            if parent := places.get(there["parent_message_id"]):
                assert there["conversation_id"] == parent["conversation_id"]
                assert there["thread_id"] == (parent["thread_id"] or parent["pk"])

    @invariant()
    def whom_it_was_about_is_shown_it(self):
        self.step += 1
        if there := self.messages.get(self.changed):
            people = [there["sender"], there["receiver"]]
            if self.step % 2:
                people.reverse()
            self._inbox_is_right(people[0])
            self._marks_are_right(people[1], Message.objects.get(pk=self.changed).conversation_id)

    def _unread_of(self, pk):
        return {
            one
            for one, there in self.messages.items()
            if there["receiver"] == pk and not there["read"]
        }

    def _inbox_is_right(self, pk):
        unread, page = self._unread_of(pk), self.browsers[pk].get("/inbox/")
        assert int(BADGE.search(page)[1]) == len(unread)
        parents = [self.messages[one]["parent"] for one in unread]
        answers = [one for one in parents if one and self.messages[one]["sender"] == pk]
        assert int(BELL.search(page)[1] or 0) == len(answers)
        assert {int(card) for card in CARDS.findall(page)} == unread
        rows = LIST.search(page)
        assert sum(map(int, COUNT.findall(rows[1]))) == len(unread)

    def _marks_are_right(self, pk, conversation):
        browser, path, found = self.browsers[pk], f"/c/{conversation}/messages/", []
        # It may be cached since an earlier step: nothing empties the caches between steps.
        with patch.object(
            LocMemCache, "get", lambda *asked: found.append(get(*asked)) or found[-1]
        ):
            page = browser.get(path, hx_request="true")
        if any(one is not None for one in found):
            with patch.object(LocMemCache, "get", lambda *asked: None):
                assert browser.get(path, hx_request="true") == page
        shown = ARTICLES.findall(page)
        here = {int(one) for _classes, one in shown}
        marked = {int(one) for classes, one in shown if "is-unread" in classes.split()}
        assert here
        assert marked == here & self._unread_of(pk)


@pytest.fixture
def seldom_collecting():
    """Exclude loaded objects from garbage collection, which took a sixth of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.django_db
@pytest.mark.usefixtures("seldom_collecting")
def test_whatever_people_do_everything_agrees():
    chosen = settings(
        max_examples=AT_A_TIME,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # steps are slow, so shrinking a failure would take minutes
        suppress_health_check=list(HealthCheck),
    )
    for number in rounds(-(-RUNS // AT_A_TIME), each=AT_A_TIME):
        if number:  # a setting that repeats its examples would repeat the first ones
            chosen = settings(chosen, derandomize=False)
        run_state_machine_as_test(People, settings=chosen)
