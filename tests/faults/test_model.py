"""Five people do at random what people do, beside a model made of plain dictionaries.

After each step everything agrees: badge, inbox, rows and marks, histories, the cached page and the
uncached one; nothing points nowhere, and no reply into another conversation. MODEL_RUNS and
MODEL_STEPS say how much of it there is.
"""

import os
from unittest.mock import patch

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.db import transaction
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
from messaging.models import Conversation, Message, Notification
from tests.chats.conftest import signed_in
from tests.factories import UserFactory
from tests.faults.rounds import rounds
from tests.messaging.orphans import orphans

RUNS = int(os.environ.get("MODEL_RUNS", "8"))
STEPS = int(os.environ.get("MODEL_STEPS", "20"))
AT_A_TIME = min(RUNS, max(1, 160 // STEPS))  # between two looks at the time
MOST_PEOPLE = 5

pick = st.integers(0, 10**6)
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=20
)


class People(RuleBasedStateMachine):
    """What everybody did, twice: in dictionaries, and in the database."""

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
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    # --- What people do

    @precondition(lambda self: len(self.users) < MOST_PEOPLE)
    @rule()
    def sign_up(self):
        user = UserFactory()
        self.users[user.pk] = user
        self.browsers[user.pk] = signed_in(user)

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
            version=message.changed_in,
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
        # An empty place that nothing hangs below goes, and then perhaps the one above it.
        while pk and self.messages[pk]["deleted"] and pk not in self._parents():
            pk = self.messages.pop(pk)["parent"]
        self.changed = pk

    @precondition(lambda self: len(self.users) > 2)
    @rule(who=pick)
    def leave(self, who):
        pk = self._one_of(list(self.users), who)
        accounts.delete_account(self.users.pop(pk))
        assert self.browsers.pop(pk).get("/inbox/").status_code == 302
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

    # --- What must then be so

    @invariant()
    def the_database_says_what_the_model_says(self):
        stored = {
            message.pk: {
                "sender": message.sender_id,
                "receiver": message.receiver_id,
                "text": message.content,
                "earlier": [
                    earlier.old_content
                    for earlier in sorted(message.history.all(), key=lambda one: one.pk)
                ],
                "read": message.read,
                "parent": message.parent_message_id,
                "deleted": message.deleted_at is not None,
            }
            for message in Message.objects.prefetch_related("history")
        }
        assert stored == self.messages
        assert set(get_user_model().objects.values_list("pk", flat=True)) == set(self.users)
        assert orphans() == []

    @invariant()
    def a_reply_lies_where_its_parent_lies(self):
        for message in Message.objects.exclude(parent_message=None).select_related(
            "parent_message"
        ):
            assert message.conversation_id == message.parent_message.conversation_id
            assert message.thread_id == message.parent_message.root_pk

    @invariant()
    def everything_that_counts_agrees(self):
        # Those whom the last step was about; everybody once in a while.
        self.step += 1
        there = self.messages.get(self.changed, {})
        about = {there.get("sender"), there.get("receiver")}
        for pk, user in self.users.items():
            if pk not in about and self.step % 10:
                continue
            unread = {
                one
                for one, there in self.messages.items()
                if there["receiver"] == pk and not there["read"]
            }
            told = Notification.objects.filter(user=user, read=False)
            assert set(told.values_list("message", flat=True)) == unread
            inbox = BeautifulSoup(self.browsers[pk].get("/inbox/").content, "html.parser")
            badge = inbox.select_one("#unread-count")
            assert int(badge["data-unread"]) == len(unread)
            cards = {
                int(card["id"].removeprefix("u-m-")) for card in inbox.select("#unread li.card-u")
            }
            assert cards == unread
            rows = [int(count.text) for count in inbox.select("#conversation-list .count")]
            assert sum(rows) == len(unread)

    @invariant()
    def the_page_kept_is_the_page_made_now(self):
        if self.changed not in self.messages:
            return
        conversation = Message.objects.get(pk=self.changed).conversation_id
        for pk in Conversation.objects.get(pk=conversation).people_pks[self.step % 2 :][:1]:
            browser, path = self.browsers[pk], f"/c/{conversation}/"
            # Kept since an earlier step perhaps: nothing empties the caches in between.
            first = list_of(browser.get(path))
            with patch.object(type(caches["default"]), "get", lambda *args, **kwargs: None):
                made_now = list_of(browser.get(path))
            assert first == made_now
            marked = {
                int(article["id"].removeprefix("m-"))
                for article in first.select("article.is-unread")
            }
            here = {int(article["id"].removeprefix("m-")) for article in first.select("article")}
            assert marked == {
                one
                for one in here
                if self.messages[one]["receiver"] == pk and not self.messages[one]["read"]
            }


def list_of(answer):
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser").select_one("#feed")


@pytest.mark.django_db
def test_whatever_people_do_everything_agrees():
    chosen = settings(
        max_examples=AT_A_TIME,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a step is slow: to find a shorter way to fail takes minutes
        suppress_health_check=list(HealthCheck),
    )
    for number in rounds(-(-RUNS // AT_A_TIME), each=AT_A_TIME):
        if number:  # a setting that repeats its examples would repeat the first ones
            chosen = settings(chosen, derandomize=False)
        run_state_machine_as_test(People, settings=chosen)
