"""Querysets: where the naive ones of docs/techniques.md go wrong, and ours do not."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks.techniques import querysets
from messaging import services
from messaging.deleted_accounts import DeletedAccount, DeletedConversation
from messaging.managers import INBOX_COLUMNS
from messaging.models import Conversation, Message, Participant
from tests.factories import MessageFactory, UserFactory
from tests.queries import statements


def statements_of(function, *arguments):
    with CaptureQueriesContext(connection) as captured:
        function(*arguments)
    return len(statements(captured))


def test_without_select_related_each_row_takes_a_statement(ana, ben):
    MessageFactory.create_batch(5, sender=ana, receiver=ben)
    messages = Message.objects.all()
    assert querysets.naive_senders(messages) == querysets.senders(messages)

    assert statements_of(querysets.senders, messages) == 1
    assert statements_of(querysets.naive_senders, messages) == 1 + 5


def test_without_prefetch_related_each_row_takes_a_statement(message, ana):
    for number in range(5):
        message = services.edit_message(
            message=message,
            editor=ana,
            content=f"Version {number}",
            text_version=message.text_version,
        )
    assert querysets.naive_editors(message) == querysets.editors(message)

    assert statements_of(querysets.editors, message) == 2
    assert statements_of(querysets.naive_editors, message) == 1 + 5


def test_without_annotate_each_conversation_takes_a_statement(ana):
    for _number in range(5):
        MessageFactory(receiver=ana)
    assert querysets.naive_unread_counts(ana) == Message.unread.counts(ana)

    assert statements_of(Message.unread.counts, ana) == 1
    assert statements_of(querysets.naive_unread_counts, ana) == 1 + 5


def test_a_list_ordered_by_time_alone_loses_conversations_of_the_same_moment(ana):
    moment = timezone.now()
    for _number in range(3):
        MessageFactory(receiver=ana, timestamp=moment)
    participants = Participant.objects.filter(user=ana)
    first, second, third = (place["conversation_id"] for place in participants.for_list(ana))

    following = [place.conversation_id for place in participants.after(first)]
    assert set(following) == {second, third}
    assert not querysets.naive_after(participants, first)


def test_two_writers_who_add_in_python_get_the_same_version(message):
    pk = message.conversation_id
    assert Conversation.objects.next_version(pk) < Conversation.objects.next_version(pk)

    one, other = (Conversation.objects.get(pk=pk) for _writer in range(2))
    assert querysets.naive_next_version(one) == querysets.naive_next_version(other)


def hide(conversation):
    """Leave the conversation as batches do that have begun to delete it."""
    user = UserFactory()
    account = DeletedAccount.objects.create(user=user)
    DeletedConversation.objects.create(conversation=conversation, account=account)


def test_a_filter_by_hand_shows_messages_of_a_deleted_account(message, ben):
    assert querysets.naive_unread(ben) == querysets.unread(ben) != []
    hide(message.conversation)

    assert querysets.unread(ben) == []
    assert len(querysets.naive_unread(ben)) == 1


def test_a_column_that_only_forgets_takes_a_statement_for_each_row(ana, ben):
    MessageFactory.create_batch(5, sender=ana, receiver=ben)
    ours = Message.unread.unread_for_user(ben)
    forgetful = ours.only(*(name for name in INBOX_COLUMNS if name != "content_html"))

    assert statements_of(lambda: [message.body for message in ours.all()]) == 1
    assert statements_of(lambda: [message.body for message in forgetful]) == 1 + 5


def test_recursion_in_python_fails_on_a_deep_thread(message):
    replies = Message.objects.bulk_create(
        Message(
            pk=message.pk + number,
            sender=message.sender,
            receiver=message.receiver,
            content="Again",
            conversation=message.conversation,
            thread=message,
            parent_message_id=message.pk + number - 1,
        )
        for number in range(1, 1_001)
    )

    assert sorted(querysets.below(message)) == [reply.pk for reply in replies]
    assert statements_of(querysets.below, message) == 1
    with pytest.raises(RecursionError):
        querysets.naive_below(message)
