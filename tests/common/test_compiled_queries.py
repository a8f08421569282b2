"""Questions that are turned into SQL once: they find what the queryset finds, whoever asks."""

from threading import Thread

import pytest
from django.db import connections
from django.db.models import Count
from django.db.utils import load_backend

from common.compiled_queries import CompiledQuery
from messaging.models import Conversation, Message
from tests.factories import MessageFactory, reply_to
from tests.queries import at_most


@pytest.fixture
def sent_by():
    return CompiledQuery(lambda sender: Message.objects.filter(sender=sender).values_list("pk"))


def test_each_number_is_asked_for_anew(sent_by, ana, ben):
    mine = [MessageFactory(sender=ana, receiver=ben), MessageFactory(sender=ana, receiver=ben)]

    with at_most(2):
        assert sorted(sent_by.rows(ana.pk)) == sorted((message.pk,) for message in mine)
        assert sent_by.rows(ben.pk) == []


def test_what_was_written_since_is_found(sent_by, ana, ben):
    assert sent_by.rows(ana.pk) == []
    message = MessageFactory(sender=ana, receiver=ben)
    assert sent_by.rows(ana.pk) == [(message.pk,)]


def test_values_come_as_the_queryset_would_give_them(message, ana):
    question = CompiledQuery(
        lambda sender: Message.objects.filter(sender=sender).values_list(
            "timestamp", "client_key", "read"
        )
    )

    assert question.rows(ana.pk) == [(message.timestamp, message.client_key, False)]


def test_objects_come_as_the_queryset_would_make_them(message, ana):
    reply = reply_to(message, "An answer")

    def find(pk, reader):
        found = Message.objects.visible_to(reader).filter(pk=pk).for_display()
        return found.select_related("receiver", "conversation")

    question = CompiledQuery(find)
    for pk in (message.pk, reply.pk):
        with at_most(1):
            found = question.first(pk, ana.pk)
            values = [_values(one) for one in (found, found.sender, found.conversation)]
        made = find(pk, ana.pk).get()
        assert values == [_values(one) for one in (made, made.sender, made.conversation)]
        assert found.receiver.username == made.receiver.username
        assert found.parent_sender_id == made.parent_sender_id
        assert not found._state.adding


def _values(one):
    return {name: value for name, value in vars(one).items() if not name.startswith("_")}


def test_no_object_is_none(db):
    question = CompiledQuery(lambda pk: Conversation.objects.filter(pk=pk))

    assert question.first(1) is None


def test_a_number_that_is_used_twice_is_given_twice(message, ana):
    question = CompiledQuery(
        lambda pk, limit: (
            Message.objects.filter(sender=pk, pk__gt=limit)
            .exclude(receiver=pk)
            .values_list("sender")
            .annotate(n=Count("id"))
        )
    )

    assert question.rows(ana.pk, 0) == [(ana.pk, 1)]
    assert question.rows(ana.pk, message.pk) == []


def test_as_many_numbers_as_it_was_made_for(db, sent_by):
    with pytest.raises(ValueError, match="zip"):
        sent_by.rows(1, 2)


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_on_its_own_connection(sent_by, message, ana):
    found = [sent_by.rows(ana.pk)]

    def ask():
        found.append(sent_by.rows(ana.pk))
        connections.close_all()

    thread = Thread(target=ask)
    thread.start()
    thread.join()

    assert found == [[(message.pk,)]] * 2


@pytest.mark.django_db(transaction=True)
def test_whoever_has_another_connection_by_now_asks_there(sent_by, message, ana, monkeypatch):
    """A database is restored, a test ends: what was written down must not ask the one before."""
    assert sent_by.rows(ana.pk) == [(message.pk,)]
    before = connections["default"]
    settings = before.settings_dict
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    monkeypatch.setattr(before, "cursor", lambda: pytest.fail("asked the connection before"))

    try:
        assert sent_by.rows(ana.pk) == [(message.pk,)]
    finally:
        connections["default"].close()
        connections["default"] = before
