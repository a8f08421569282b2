"""How things are found."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from messaging import services
from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    Notification,
    Participant,
    other_in_pair,
)
from messaging.people import display_name
from tests.factories import MessageFactory, UserFactory, chain, reply_to
from tests.queries import at_most


@pytest.fixture
def tree(message):
    """The root `message`, answered by a and b; a by c and d; c by e; and another thread."""
    nodes = {"root": message}
    for name, parent in [("a", "root"), ("b", "root"), ("c", "a"), ("d", "a"), ("e", "c")]:
        nodes[name] = reply_to(nodes[parent], name)
    reply_to(MessageFactory(sender=message.sender, receiver=message.receiver))
    return nodes


# Conversations ----------------------------------------------------------------------------------


def test_only_those_who_take_part_see_a_conversation(conversation, ana, ben, stranger):
    for member in (ana, ben):
        assert Conversation.objects.visible_to(member).get() == conversation
    assert not Conversation.objects.visible_to(stranger).exists()


def test_a_conversation_comes_with_the_version_of_its_readers_own_marks(message, ana, ben):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert Conversation.objects.visible_to(ben).get().reader_version == 1
    assert Conversation.objects.visible_to(ana).get().reader_version == 0


def test_the_two_people_of_a_conversation_are_read_once(conversation, ana, ben):
    with at_most(1):
        assert conversation.people == {ana.pk: ana, ben.pk: ben}
        assert conversation.people[conversation.other_pk(ana.pk)] == ben
        assert conversation.people[conversation.other_pk(ben.pk)] == ana


def test_two_people_have_one_conversation_whoever_asks(ana, ben):
    first = Conversation.objects.between(ana, ben)

    assert Conversation.objects.between(ben, ana) == first
    assert Participant.objects.count() == 2
    assert first.other_pk(ana.pk) == ben.pk
    assert first.other_pk(ben.pk) == ana.pk


def test_nobody_has_a_conversation_with_themselves(ana):
    with pytest.raises(ValidationError):
        Conversation.objects.between(ana, ana)


def test_the_version_of_a_conversation_that_is_gone_cannot_be_raised(db):
    with pytest.raises(Conversation.DoesNotExist):
        Conversation.objects.next_version(7)


def test_the_list_of_conversations_begins_with_the_liveliest(ana):
    now = timezone.now()
    for name, hours in [("cleo", 3), ("dan", 1), ("eva", 2)]:
        person = UserFactory(username=name, first_name="")
        MessageFactory(
            sender=person, receiver=ana, content=name, timestamp=now - timedelta(hours=hours)
        )

    with at_most(1):
        rows = list(Participant.objects.for_list(ana))

    assert [row["other_name"] for row in rows] == ["dan", "eva", "cleo"]
    assert [row["beginning"] for row in rows] == ["dan", "eva", "cleo"]
    assert [row["sender_id"] for row in rows] == [
        other_in_pair(row["pair_key"], ana.pk) for row in rows
    ]


def test_the_list_pages_on_where_it_stopped_also_among_equal_times(ana):
    at = timezone.now()
    for _ in range(7):
        MessageFactory(receiver=ana, timestamp=at)
    MessageFactory(receiver=ana, timestamp=at - timedelta(days=1))
    whole = [row["conversation_id"] for row in Participant.objects.for_list(ana)]

    paged = whole[:3]
    while rows := list(Participant.objects.for_list(ana).after(paged[-1])[:3]):
        paged += [row["conversation_id"] for row in rows]

    assert paged == whole
    assert len(whole) == 8


# Messages ---------------------------------------------------------------------------------------


def test_only_those_who_take_part_see_a_message(message, ana, ben, stranger):
    for member in (ana, ben):
        assert Message.objects.visible_to(member).get() == message
    assert not Message.objects.visible_to(stranger).exists()


def test_the_top_level_has_the_messages_that_answer_nothing(tree):
    assert tree["root"] in Message.objects.top_level()
    assert tree["a"] not in Message.objects.top_level()
    assert Message.objects.top_level().count() == 2


@pytest.mark.parametrize("count", [1, 20])
def test_drawn_messages_take_one_query(message, count):
    for _ in range(count):
        reply_to(message)

    with at_most(1):
        for shown in Message.objects.for_display():
            assert shown.body
            assert display_name(shown.sender)
            assert shown.parent_sender_id in (None, message.sender_id)


def test_replies_are_counted_by_thread_at_any_depth(tree):
    lonely = MessageFactory(sender=tree["root"].sender, receiver=tree["root"].receiver)
    roots = Message.objects.filter(pk__in=[tree["root"].pk, lonely.pk]).order_by("pk")
    shown = ("reply_count", "first_reply", "last_reply")

    all_of_them, some = (roots.with_replies(most).values_list(*shown) for most in (100, 3))

    assert list(all_of_them) == [(5, tree["a"].pk, tree["e"].pk), (0, None, None)]
    assert list(some) == [(3, tree["a"].pk, tree["e"].pk), (0, None, None)]


def test_several_messages_and_what_is_below_them_are_placed_in_one_query(tree):
    chosen = Message.objects.filter(pk__in=[tree["b"].pk, tree["c"].pk])

    with at_most(1):
        found = list(Message.objects.tree_below(chosen))

    shown = [tree["b"], tree["c"], tree["e"]]
    assert sorted(found) == [(m.pk, m.parent_message_id, m.read, m.receiver_id) for m in shown]


def test_places_are_told_down_to_a_level(tree):
    chosen = Message.objects.filter(pk=tree["root"].pk)

    def named(levels):
        return sorted((place[0], place[-1]) for place in Message.objects.tree_below(chosen, levels))

    levels = {"root": 0, "a": 1, "b": 1, "c": 2, "d": 2}
    assert named(2) == sorted((tree[name].pk, level) for name, level in levels.items())
    assert named(0) == [(tree["root"].pk, 0)]


def test_ancestors_come_nearest_first(tree):
    with at_most(1):
        found = list(Message.objects.ancestors_of(tree["e"]))

    assert [m.content for m in found] == ["c", "a", tree["root"].content]
    assert [m.distance for m in found] == [1, 2, 3]
    assert list(Message.objects.ancestors_of(tree["root"])) == []


def test_a_long_chain_is_one_query_down_and_up(message):
    last = chain(message, 200)

    with at_most(2):
        assert len(Message.objects.tree_below(Message.objects.filter(pk=message.pk))) == 201
        assert len(Message.objects.ancestors_of(last)) == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda: Message.objects.update(content="x"),
        lambda: Message.objects.filter(pk=1).update(read=True, content="x"),
        lambda: Message.objects.all().update(content="x"),
        lambda: Message.unread.update(content="x"),
        lambda: Message.objects.bulk_update(Message.objects.all(), ["content"]),
    ],
)
def test_no_update_reaches_a_text_past_its_history(message, change):
    with pytest.raises(TypeError), transaction.atomic():
        change()

    message.refresh_from_db()
    assert message.content == "Good morning, Ben"


def test_other_columns_can_be_updated(message):
    assert Message.objects.filter(pk=message.pk).update(read=True) == 1


def test_a_repeated_send_is_found_by_its_key(message, ana, ben):
    assert Message.objects.sent_as(ana, message.client_key) == message
    assert Message.objects.sent_as(ben, message.client_key) is None


# Unread -----------------------------------------------------------------------------------------


def test_the_unread_manager_leaves_out_what_was_read(message, ben):
    other = reply_to(message)
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert list(Message.unread.all()) == [other]


@pytest.mark.parametrize("count", [1, 20])
def test_the_inbox_takes_one_query_for_all_it_shows(message, ana, ben, count):
    answer = reply_to(message)
    for _ in range(count):
        reply_to(answer)

    with at_most(1):
        shown = list(Message.unread.unread_for_user(ben))
        for one in shown:
            assert one.body
            assert one.timestamp
            assert one.root_pk
            assert one.conversation_id
            assert (one.edited, one.read, one.deleted_at) == (False, False, None)
            assert display_name(one.sender) == "Ana Lima"
            assert one.sender.is_active
            if one.thread_id:
                assert one.thread.content == message.content

    assert [one.pk for one in shown] == sorted((one.pk for one in shown), reverse=True)
    assert len(shown) == count + 1


def test_unread_messages_are_counted_by_conversation(message, ben, stranger):
    reply_to(reply_to(message))
    theirs = MessageFactory(sender=stranger, receiver=ben)

    with at_most(1):
        counts = Message.unread.counts(ben)

    assert counts == {message.conversation_id: 2, theirs.conversation_id: 1}
    assert Message.unread.counts(stranger) == {}


# Notifications and mailboxes --------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_of_notifications_takes_one_query(ana, ben, stranger, count):
    mine = MessageFactory(sender=ben, receiver=ana)
    for _ in range(count):
        reply_to(mine)
    MessageFactory(sender=ana, receiver=ben)
    reply_to(MessageFactory(sender=stranger, receiver=ana))

    with at_most(1):
        rows = list(Notification.objects.for_list(ben))
        for row in rows:
            assert row.user_id == ben.pk
            assert row.message.content
            assert row.message.root_pk == mine.pk
            assert row.kind == "reply"
            assert row.read is False
            assert row.created_at
            assert display_name(row.message.sender) == "Ana Lima"

    assert len(rows) == count
    assert [row.pk for row in rows] == sorted((row.pk for row in rows), reverse=True)


def test_a_person_without_a_mailbox_has_one_that_is_not_saved(ana):
    Mailbox.objects.all().delete()
    ana = type(ana).objects.get(pk=ana.pk)

    mailbox = Mailbox.objects.of(ana)

    assert (mailbox.user, mailbox.version) == (ana, 0)
    assert not Mailbox.objects.exists()


def test_very_many_mailboxes_are_raised_at_once(db):
    people = type(UserFactory()).objects.bulk_create(UserFactory.build() for _ in range(2_500))

    Mailbox.objects.raise_versions(person.pk for person in people)

    assert Mailbox.objects.filter(version=1).count() == 2_500
