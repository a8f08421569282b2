"""Accounts too large to go at once: out of sight with the deletion, removed in batches."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from messaging import search, services
from messaging.deleted_accounts import DeletedAccount, DeletedConversation
from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.services import batched_deletion
from messaging.services.batched_deletion import delete_hidden_account
from tests.factories import MessageFactory, UserFactory, chain, reply_to
from tests.messaging.orphans import orphans
from tests.messaging.test_deletion import (
    by_admin,
    by_admin_action,
    by_deferred_instance,
    by_instance,
    by_queryset,
    left,
    many_messages,
    pks,
)
from tests.queries import statements

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    """Three messages are many."""
    monkeypatch.setattr(batched_deletion, "AT_ONCE", 3)


@pytest.fixture
def large(message, ana, ben, stranger):
    """ana has threads with ben, a conversation with stranger; the two have one of their own."""
    chain(message, 4)
    reply_to(reply_to(message))
    message.content = "Good evening, Ben"
    message.save()
    MessageFactory(sender=ana, receiver=ben, content="Another root")
    MessageFactory(sender=stranger, receiver=ana)
    return ana


@pytest.fixture
def kept(ben, stranger):
    kept = MessageFactory(sender=ben, receiver=stranger)
    kept.content = "This stays"
    kept.save()
    return kept


def work(size=2):
    """Run batches of `size` messages to the end, and count them. Nothing dangles in between."""
    batches = 0
    for account in list(DeletedAccount.objects.all()):
        while batched_deletion._delete_batch(account.pk, size):
            batches += 1
            assert orphans() == []
            assert batches < 1_000
    return batches


@pytest.mark.parametrize(
    "delete", [by_instance, by_queryset, by_admin, by_admin_action, by_deferred_instance]
)
def test_every_way_ends_with_the_same_as_for_a_small_account(large, kept, ben, stranger, delete):
    pk, before = large.pk, Message.objects.count()

    delete(large)

    assert Message.objects.count() == before
    assert work() >= 3
    assert left() == pks(kept)
    assert list(Conversation.objects.all()) == [kept.conversation]
    assert MessageHistory.objects.get().message == kept
    assert Notification.objects.get().message == kept
    assert set(Mailbox.objects.values_list("user", flat=True)) == {ben.pk, stranger.pk}
    assert not User.objects.filter(pk=pk).exists()
    assert not DeletedAccount.objects.exists()
    assert not DeletedConversation.objects.exists()
    assert orphans() == []


def test_nobody_sees_anything_of_it_from_then_on(large, kept, ben, stranger):
    before = dict(Mailbox.objects.values_list("user", "version"))

    large.delete()

    assert Message.objects.count() > 5
    for person in (ben, stranger):
        seen = Message.objects.visible_to(person)
        assert set(seen) <= {kept}
        assert set(Message.unread.unread_for_user(person)) <= {kept}
        assert set(Message.objects.unread_by(person)) <= {kept}
        assert set(Message.unread.counts(person)) <= {kept.conversation_id}
        assert {row["conversation_id"] for row in Participant.objects.for_list(person)} == {
            kept.conversation_id
        }
        assert {one.message for one in Notification.objects.for_list(person)} <= {kept}
        assert set(Notification.objects.unread_by(person).values_list("message", flat=True)) <= {
            kept.pk
        }
        assert set(search.search_messages(person, search.parse("morning"))) == set()
    assert Notification.objects.count_unread(ben) == 0
    assert Notification.objects.count_unread(stranger) == 0
    assert Notification.objects.filter(user=stranger, read=False).count() == 1
    assert Mailbox.objects.get(user=ben).version > before[ben.pk]
    assert search.find_people("ana", ben) == []


def test_what_keeps_its_place_is_nobody(large):
    pk = large.pk
    large.delete()

    place = User.objects.get(pk=pk)

    assert place.username.startswith(f"deleted-{pk}-")
    assert (place.first_name, place.email, place.is_active) == ("", "", False)
    assert not place.has_usable_password()
    assert UserFactory(username="ana")  # the name is free


def test_who_was_about_to_write_is_told_that_nobody_is_there(large, ben, message):
    conversation, parent = message.conversation, Message.objects.get(pk=message.pk)
    recipient = User.objects.get(pk=large.pk)
    large.delete()
    before = left()

    for answered in (None, parent):
        with pytest.raises(ValidationError, match="no longer exists"):
            services.send_message(
                sender=ben, receiver=recipient, content="Too late", parent=answered
            )

    assert left() == before
    assert not Participant.objects.filter(conversation=conversation).exists()


@pytest.mark.parametrize("first", ["ana", "ben"])
def test_two_who_wrote_to_each_other_can_both_go(large, ben, stranger, first):
    for person in (large, ben) if first == "ana" else (ben, large):
        person.delete()

    work()

    assert left() == []
    assert set(User.objects.all()) == {stranger}
    assert not DeletedAccount.objects.exists()
    assert orphans() == []


def test_a_place_can_be_deleted_again_without_harm(large, kept):
    pk = large.pk
    large.delete()
    batched_deletion._delete_batch(pk, 2)

    User.objects.get(pk=pk).delete()
    assert User.objects.filter(pk=pk).exists()
    work()

    assert left() == pks(kept)
    assert not User.objects.filter(pk=pk).exists()


def test_the_task_hands_on_to_itself_until_nothing_is_left(large, kept, monkeypatch):
    batch = batched_deletion._delete_batch
    clock = iter(range(10_000))
    monkeypatch.setattr(batched_deletion, "_delete_batch", lambda pk, size: batch(pk, 2))
    # Every look at the clock is a second later: a slice is one batch.
    monkeypatch.setattr(batched_deletion, "SLICE", 2)
    monkeypatch.setattr(
        batched_deletion, "time", SimpleNamespace(monotonic=clock.__next__, sleep=id)
    )
    large.delete()

    ran = 0
    while waiting := DBTaskResult.objects.ready().first():
        arguments = waiting.args_kwargs["kwargs"]
        waiting.delete()
        delete_hidden_account.call(**arguments)
        ran += 1

    assert ran >= 3
    assert left() == pks(kept)


def test_a_deletion_that_nobody_works_at_is_taken_up_again(large, kept):
    pk = large.pk
    large.delete()
    DBTaskResult.objects.all().delete()  # as when somebody emptied the queue

    assert services.resume_account_deletions() == 0
    DeletedAccount.objects.update(touched_at=timezone.now() - timedelta(hours=1))
    assert services.resume_account_deletions() == 1
    assert services.resume_account_deletions() == 0

    assert DBTaskResult.objects.get().args_kwargs["kwargs"] == {"account_pk": pk}


def test_a_long_thread_goes_from_its_end(message, ana):
    many_messages(message.sender, message.receiver, 1_200, parent=message)

    ana.delete()
    assert work(size=100) >= 12

    assert left() == []
    assert orphans() == []


def test_hiding_takes_the_same_statements_however_much_was_written():
    counts = []
    # The first one may also ask for what is kept in memory from then on.
    for count in (10, 10, 400):
        ana, ben = UserFactory(), UserFactory()
        many_messages(ana, ben, count)
        with CaptureQueriesContext(connection) as captured:
            ana.delete()
        counts.append(len(statements(captured)))

    assert counts[1] == counts[2]
