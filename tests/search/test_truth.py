"""A search finds exactly the messages that its reader may see at that moment."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, models, transaction

from messaging import services
from messaging.models import Conversation, Message, Participant
from messaging.search import parse, search_messages
from messaging.search.scope import scope_of
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.search.finding import count, found, words_in_index

pytestmark = pytest.mark.db


def test_other_peoples_messages_are_neither_found_nor_counted(ana, ben, stranger):
    MessageFactory(sender=ana, receiver=ben, content="the hinge of ana and ben")
    MessageFactory(sender=stranger, receiver=ben, content="the hinge of somebody else")

    assert found(ana, "hinge") == ["the hinge of ana and ben"]
    assert count(ana, "hinge") == 1
    assert found(stranger, "ana") == []
    assert count(stranger, "hinge") == 1


def test_who_no_longer_takes_part_finds_nothing(ana, ben, message):
    assert found(ana, "morning")

    Participant.objects.filter(conversation=message.conversation, user=ana).delete()

    assert found(ana, "morning") == []
    assert count(ana, "morning") == 0


def test_an_edit_is_found_at_once_and_the_earlier_text_is_not(ana, message):
    services.edit_message(
        message=message, editor=ana, content="Good evening", text_version=message.text_version
    )

    assert found(ana, "evening") == ["Good evening"]
    assert found(ana, "morning") == []
    assert "morning" not in words_in_index()


@pytest.mark.parametrize("answered", [False, True])
def test_a_deleted_message_is_not_found(ana, message, answered):
    if answered:
        reply_to(message, "And to you")
    services.delete_message(message=message, author=ana)

    assert Message.objects.filter(pk=message.pk).exists() == answered
    assert found(ana, "morning") == []
    assert "morning" not in words_in_index()


def test_an_account_takes_its_messages_out_of_the_index(ana, ben, stranger, message):
    MessageFactory(sender=stranger, receiver=ben, content="a good day")
    with transaction.atomic():
        ana.delete()

    assert found(ben, "good") == ["a good day"]
    assert "morning" not in words_in_index()


def test_what_is_rolled_back_is_not_found(ana, ben):
    with transaction.atomic():
        MessageFactory(sender=ana, receiver=ben, content="never happened")
        assert found(ana, "never")
        transaction.set_rollback(True)

    assert found(ana, "never") == []


def test_what_bulk_create_writes_is_found(ana, ben, conversation):
    Message.objects.bulk_create(
        Message(sender=ana, receiver=ben, conversation=conversation, content=f"bulk {number}")
        for number in range(3)
    )

    assert found(ana, "bulk") == ["bulk 2", "bulk 1", "bulk 0"]


def test_what_update_changes_is_found(ana, message):
    # The queryset of messages refuses this; Django's own does not.
    models.QuerySet.update(Message.objects.filter(pk=message.pk), content="Good night")

    assert found(ana, "night") == ["Good night"]
    assert "morning" not in words_in_index()


def test_what_raw_sql_changes_is_found(ana, message):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_message SET content = 'Good night' WHERE id = %s", [message.pk]
        )
    assert found(ana, "night") == ["Good night"]

    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_conversation SET last_message_id = NULL")
        cursor.execute("DELETE FROM messaging_notification")
        cursor.execute("DELETE FROM messaging_message")
    assert words_in_index() == set()


def test_read_marks_leave_the_index_alone(ana, ben, message):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert found(ben, "morning") == ["Good morning, Ben"]
    assert count(ben, "morning") == 1


def test_a_message_that_was_edited_often_leaves_nothing_behind(ana, message):
    for number in range(20):
        message.refresh_from_db()
        services.edit_message(
            message=message,
            editor=ana,
            content=f"Élan\nnumber{number} ΆΈ ё gut🤣 {'word ' * number}",
            text_version=message.text_version,
        )
    message.refresh_from_db()
    services.delete_message(message=message, author=ana)

    assert words_in_index() == set()


def test_hits_are_counted_up_to_a_thousand(ana, ben, conversation):
    def write(number):
        Message.objects.bulk_create(
            Message(sender=ana, receiver=ben, conversation=conversation, content="plum")
            for _one in range(number)
        )

    write(999)
    assert count(ana, "plum") == 999
    write(1)
    assert count(ana, "plum") == 1_000
    write(500)
    assert count(ana, "plum") == 1_001


def test_a_search_takes_one_statement(ana, message, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(search_messages(ana, parse("morning is:edited before:2030-01-01")))
    with django_assert_num_queries(2):  # the people of that name, then their messages
        list(search_messages(ana, parse("morning from:ana")))


def test_two_tokens_cover_all_conversations_of_a_reader(ana, conversation):
    Conversation.objects.between(ana, UserFactory())

    assert scope_of(parse("plum"), ana).clauses == ((f"s{ana.pk}", f"r{ana.pk}"),)
    assert scope_of(parse("plum with:ben"), ana).clauses == ((f"c{conversation.pk}",),)


def test_people_with_many_conversations_find_what_they_have(ana, ben):
    people = get_user_model().objects.bulk_create(
        get_user_model()(username=f"friend{number}", first_name="Friend") for number in range(300)
    )
    for person in people:
        Conversation.objects.between(ana, person)
    MessageFactory(sender=people[7], receiver=ana, content="plum")

    assert found(ana, "plum") == ["plum"]
    assert found(ana, "plum with:friend") == ["plum"]
    assert found(ana, "plum from:friend7") == ["plum"]
    assert found(ana, "plum to:friend") == []
