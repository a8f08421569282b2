"""Questions that are turned into SQL once: they find what the queryset finds, whoever asks."""

from threading import Thread

import pytest
from django.db import connections
from django.db.models import Count

from messaging.models import Message
from messaging.prepared import Prepared
from tests.factories import MessageFactory
from tests.queries import at_most


def test_each_number_is_asked_for_anew(ana, ben):
    mine = [MessageFactory(sender=ana, receiver=ben), MessageFactory(sender=ana, receiver=ben)]
    question = Prepared(lambda sender: Message.objects.filter(sender=sender).values_list("pk"))

    with at_most(3):
        assert sorted(question.rows(ana.pk)) == sorted((message.pk,) for message in mine)
        assert question.rows(ben.pk) == []
        MessageFactory.reset_sequence()
        assert len(question.rows(ana.pk)) == 2


def test_values_come_as_the_queryset_would_give_them(message, ana):
    question = Prepared(
        lambda sender: Message.objects.filter(sender=sender).values_list(
            "timestamp", "client_key", "read"
        )
    )

    assert question.rows(ana.pk) == [(message.timestamp, message.client_key, False)]


def test_a_number_that_is_used_twice_is_given_twice(message, ana):
    question = Prepared(
        lambda pk, limit: (
            Message.objects.filter(sender=pk, pk__gt=limit)
            .exclude(receiver=pk)
            .values_list("sender")
            .annotate(n=Count("id"))
        )
    )

    assert question.rows(ana.pk, 0) == [(ana.pk, 1)]
    assert question.rows(ana.pk, message.pk) == []


def test_as_many_numbers_as_it_was_made_for(db):
    question = Prepared(lambda sender: Message.objects.filter(sender=sender).values_list("pk"))

    with pytest.raises(ValueError, match="zip"):
        question.rows(1, 2)


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_on_its_own_connection(message, ana):
    question = Prepared(lambda sender: Message.objects.filter(sender=sender).values_list("pk"))
    found = [question.rows(ana.pk)]

    def ask():
        found.append(question.rows(ana.pk))
        connections.close_all()

    thread = Thread(target=ask)
    thread.start()
    thread.join()

    assert found == [[(message.pk,)]] * 2
