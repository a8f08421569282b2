"""Signals: where the naive receivers of docs/techniques.md go wrong, and ours do not."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.techniques import receivers
from messaging import services
from messaging.models import Message, MessageHistory, Notification
from messaging.signals import receivers_off
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.queries import statements


def test_a_receiver_that_ignores_created_breaks_every_later_save(message):
    message.content = "Good evening, Ben"
    message.save()
    assert Notification.objects.filter(message=message).count() == 1

    message.content = "Good night, Ben"
    with receivers.naive_notifications(), pytest.raises(IntegrityError), transaction.atomic():
        message.save()


def test_a_receiver_that_ignores_update_fields_keeps_a_text_that_was_never_replaced(message):
    message.content = "Only in memory"

    receivers.save_read_mark(message)
    assert not MessageHistory.objects.exists()

    with receivers.naive_histories():
        receivers.save_read_mark(message)
    assert MessageHistory.objects.get().old_content == Message.objects.get().content


def deletion_of(person):
    with CaptureQueriesContext(connection) as captured:
        person.delete()
    return len(statements(captured))


def account_with_messages(count, receiver):
    person = UserFactory()
    MessageFactory.create_batch(count, sender=person, receiver=receiver)
    return person


def test_a_receiver_that_deletes_row_by_row_takes_statements_for_each_message(ana):
    UserFactory().delete()  # Django looks up its content types once
    few, many = (account_with_messages(count, ana) for count in (1, 11))
    assert deletion_of(many) == deletion_of(few)

    with receivers.naive_deletions():
        few, many = (account_with_messages(count, ana) for count in (1, 11))
        # Ten more messages.
        assert deletion_of(many) >= deletion_of(few) + 10 * 10
    assert not Message.objects.exists()


def marking(function, count, ana, ben):
    """How many statements `function` takes to mark `count` messages as read."""
    messages = MessageFactory.create_batch(count, sender=ana, receiver=ben)
    chosen = Message.objects.filter(pk__in=[message.pk for message in messages])
    with CaptureQueriesContext(connection) as captured:
        function(reader=ben, messages=chosen)
    return len(statements(captured))


def test_a_rule_in_a_receiver_takes_statements_for_each_row(ana, ben):
    few, many = (marking(services.mark_as_read, count, ana, ben) for count in (1, 11))
    assert few == many

    few, many = (marking(receivers.naive_mark_as_read, count, ana, ben) for count in (1, 11))
    assert many >= few + 10 * 4


def test_an_update_reaches_no_receiver_so_the_bell_still_counts(ben, ana):
    reply_to(MessageFactory(sender=ben, receiver=ana))
    receivers.naive_update(ben, Message.objects.all())
    assert not Message.unread.unread_for_user(ben)
    assert Notification.objects.count_unread(ben) == 1

    Message.objects.update(read=False)
    services.mark_as_read(reader=ben, messages=Message.objects.all())
    assert Notification.objects.count_unread(ben) == 0


def test_a_receiver_is_not_disconnected_without_its_dispatch_uid(ana, ben):
    with receivers_off():
        MessageFactory(sender=ana, receiver=ben)
    assert not Notification.objects.exists()

    assert receivers.naive_receivers_off() is False
    MessageFactory(sender=ana, receiver=ben)
    assert Notification.objects.exists()
