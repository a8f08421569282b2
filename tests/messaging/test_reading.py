"""Read marks: on whom, on what, and who is told."""

import pytest

from messaging import services
from messaging.models import Conversation, Mailbox, Message, Notification, Participant
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.queries import at_most


def versions():
    return (
        dict(Conversation.objects.values_list("pk", "version")),
        dict(Mailbox.objects.values_list("user", "version")),
        dict(Participant.objects.values_list("user", "version")),
    )


def test_reading_marks_only_ones_own_unread_messages(message, ana, ben, stranger):
    theirs = MessageFactory(sender=ana, receiver=stranger)
    own = reply_to(message)

    assert services.mark_as_read(reader=ben, messages=Message.objects.all()) == 1
    assert services.mark_as_read(reader=ben, messages=Message.objects.all()) == 0

    message.refresh_from_db()
    assert message.read is True
    assert message.read_at is not None
    for other in (theirs, own):
        other.refresh_from_db()
        assert other.read is False


def test_reading_a_message_reads_its_notification(message, ben):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert Notification.objects.get().read is True


def test_reading_shows_the_reader_and_nobody_else(message, ana, ben):
    conversations, mailboxes, places = versions()

    services.mark_as_read(reader=ben, messages=Message.objects.all())

    now = versions()
    assert now[0] == conversations  # the sender is not told
    assert now[1][ana.pk] == mailboxes[ana.pk]
    assert now[2][ana.pk] == places[ana.pk]
    assert now[1][ben.pk] > mailboxes[ben.pk]
    assert now[2][ben.pk] > places[ben.pk]


def test_reading_nothing_changes_no_version(message, ana):
    before = versions()

    assert services.mark_as_read(reader=ana, messages=Message.objects.all()) == 0
    assert versions() == before


def test_a_message_can_be_unread_again_with_its_notification(message, ben):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert services.mark_as_unread(reader=ben, message=message) == 1
    assert services.mark_as_unread(reader=ben, message=message) == 0

    message.refresh_from_db()
    assert (message.read, message.read_at) == (False, None)
    assert Notification.objects.get().read is False


def test_nobody_makes_a_message_unread_that_is_not_to_them(message, ana, stranger, ben):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    for other in (ana, stranger):
        assert services.mark_as_unread(reader=other, message=message) == 0
    message.refresh_from_db()
    assert message.read is True


def test_a_deleted_message_stays_read(message, ben):
    reply_to(message)
    message.delete()

    assert services.mark_as_unread(reader=ben, message=message) == 0
    assert not Message.objects.unread_by(ben).exists()


def test_reading_notifications_reads_their_messages_up_to_the_last_shown(ben, ana):
    mine = MessageFactory(sender=ben, receiver=ana)
    message, later = reply_to(mine), reply_to(mine)
    shown = Notification.objects.get(message=message)

    assert services.mark_notifications_as_read(reader=ben, up_to=shown.pk) == 1

    message.refresh_from_db()
    later.refresh_from_db()
    assert (message.read, later.read) == (True, False)
    assert list(Notification.objects.unread_by(ben)) == [later.notifications.get()]


@pytest.mark.parametrize("count", [10, 900])
def test_reading_takes_the_same_statements_however_many(ana, ben, count):
    conversation = Conversation.objects.between(ana, ben)
    Message.objects.bulk_create(
        Message(sender=ana, receiver=ben, content=str(number), conversation=conversation)
        for number in range(count)
    )

    with at_most(6):
        assert services.mark_as_read(reader=ben, messages=Message.objects.all()) == count


def test_reading_in_very_many_conversations_at_once(ana):
    count = 1_001  # more than one statement takes
    for _ in range(3):
        MessageFactory(receiver=ana)
    people = type(ana).objects.bulk_create(UserFactory.build() for _ in range(count))
    for person in people:
        Conversation.objects.between(ana, person)
    Message.objects.bulk_create(
        Message(
            sender_id=conversation.other_pk(ana.pk),
            receiver=ana,
            content="Hello",
            conversation=conversation,
        )
        for conversation in Conversation.objects.exclude(messages__isnull=False)
    )

    assert services.mark_as_read(reader=ana, messages=Message.objects.all()) == count + 3
    assert Participant.objects.filter(user=ana, version=0).count() == 0
