"""Messages and accounts that go, with all that belongs to them and nothing else."""

from uuid import uuid4

import pytest
from django.contrib.admin.sites import AdminSite
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import dependents, services
from messaging.deleted_accounts import DeletedAccount, DeletedConversation
from messaging.folded_names import FoldedNames
from messaging.models import (
    Conversation,
    Draft,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from tests.factories import MessageFactory, UserFactory, chain, reply_to
from tests.messaging.orphans import orphans
from tests.queries import at_most, statements

pytestmark = pytest.mark.django_db

User = get_user_model()


def pks(*messages):
    return [message.pk for message in messages]


def left():
    return list(Message.objects.order_by("pk").values_list("pk", flat=True))


def many_messages(sender, receiver, count, parent=None):
    """Quickly, with histories and notifications; a chain below `parent` when it is given."""
    conversation = Conversation.objects.between(sender, receiver)
    first = (Message.objects.order_by("pk").values_list("pk", flat=True).last() or 0) + 1
    messages = Message.objects.bulk_create(
        Message(
            pk=pk,
            sender=sender,
            receiver=receiver,
            content=f"Text {pk}",
            conversation=conversation,
            client_key=uuid4(),
            parent_message_id=parent and (parent.pk if pk == first else pk - 1),
            thread_id=parent and parent.root_pk,
        )
        for pk in range(first, first + count)
    )
    MessageHistory.objects.bulk_create(
        MessageHistory(message=message, old_content="Before", edited_by=sender)
        for message in messages
    )
    Notification.objects.bulk_create(
        Notification(message=message, user=receiver) for message in messages
    )
    return messages


# One message ------------------------------------------------------------------------------------


def test_a_message_without_replies_leaves_nothing(message):
    message.content = "Good evening, Ben"
    message.save()

    assert message.delete() == (1, {"messaging.Message": 1})

    assert left() == []
    assert not MessageHistory.objects.exists()
    assert not Notification.objects.exists()
    assert Conversation.objects.get().last_message is None
    assert orphans() == []


def test_a_message_with_replies_leaves_its_empty_place(message):
    message.content = "Good evening, Ben"
    message.save()
    reply = reply_to(message)

    message.delete()

    place = Message.objects.get(pk=message.pk)
    assert (place.content, place.content_html, place.body) == ("", "", "")
    assert (place.edited, place.read) == (False, True)
    assert place.deleted_at is not None
    assert not place.history.exists()
    assert not place.notifications.exists()
    assert Message.objects.get(pk=reply.pk).parent_message == place
    assert left() == pks(message, reply)


def test_the_empty_place_is_part_of_what_changed(message):
    reply = reply_to(message)

    message.delete()

    place = Message.objects.get(pk=message.pk)
    assert place.changed_in > reply.changed_in
    assert Conversation.objects.get().version == place.changed_in


def test_a_deletion_shows_to_both_people(message, ana, ben):
    before = dict(Mailbox.objects.values_list("user", "version"))

    message.delete()

    after = dict(Mailbox.objects.values_list("user", "version"))
    assert after[ana.pk] > before[ana.pk]
    assert after[ben.pk] > before[ben.pk]


def test_empty_places_go_with_their_last_reply_but_no_further_than_needed(message):
    first = reply_to(message)
    second = reply_to(first)
    sibling = reply_to(first)
    last = reply_to(second)
    for one in (message, first, second):
        one.delete()
    assert left() == pks(message, first, second, sibling, last)

    last.delete()
    assert left() == pks(message, first, sibling)

    sibling.delete()
    assert left() == []
    assert orphans() == []


def test_a_deep_chain_of_empty_places_goes_at_once(message):
    messages = many_messages(message.sender, message.receiver, 2_000, parent=message)
    Message.objects.filter(pk__lt=messages[-1].pk).delete()
    assert Message.objects.filter(content="").count() == 2_000

    messages[-1].delete()

    assert left() == []
    assert orphans() == []


def test_the_conversation_points_to_the_last_message_that_is_left(message, ana, ben):
    second = MessageFactory(sender=ben, receiver=ana)
    third = MessageFactory(sender=ana, receiver=ben)

    third.delete()
    assert Conversation.objects.get().last_message == second
    message.delete()
    assert Conversation.objects.get().last_message == second


def test_deleting_twice_deletes_once(message):
    reply_to(message)

    assert message.delete()[0] == 1
    deleted_at = Message.objects.get(pk=message.pk).deleted_at
    assert message.delete()[0] == 0
    assert Message.objects.get(pk=message.pk).deleted_at == deleted_at


def test_only_the_author_deletes(message, ana, ben, stranger):
    for other in (ben, stranger):
        with pytest.raises(Message.DoesNotExist):
            services.delete_message(message=message, author=other)

    assert services.delete_message(message=message, author=ana) is False
    with pytest.raises(Message.DoesNotExist):
        services.delete_message(message=message, author=ana)


def test_who_deletes_is_told_that_the_place_stays(message, ana):
    reply_to(message)

    assert services.delete_message(message=message, author=ana) is True


def test_a_queryset_deletes_as_the_authors_would(message, ana, ben, stranger):
    reply = reply_to(message)
    theirs = MessageFactory(sender=ana, receiver=stranger)

    deleted = Message.objects.filter(sender=ana).delete()

    assert deleted == (2, {"messaging.Message": 2})
    assert left() == pks(message, reply)
    assert not Message.objects.filter(pk=theirs.pk).exists()
    assert Conversation.objects.get(participants__user=stranger).last_message is None
    assert orphans() == []


@pytest.mark.parametrize("related", ["sent_messages", "received_messages", "thread_messages"])
def test_related_managers_delete_in_the_same_way(message, ana, related):
    last = chain(message, 4)
    owner = message if related == "thread_messages" else ana

    getattr(owner, related).all().delete()

    assert orphans() == []
    assert Message.objects.exclude(content="").exists()
    assert Message.objects.get(pk=message.pk)
    if related == "thread_messages":
        assert not Message.objects.filter(pk=last.pk).exists()


def test_a_slice_is_not_deleted(message):
    with pytest.raises(TypeError):
        Message.objects.all()[:1].delete()

    assert left() == pks(message)


@pytest.mark.parametrize("count", [10, 900])
def test_deleting_messages_takes_the_same_statements_however_many(ana, ben, count):
    many_messages(ana, ben, count)

    with at_most(17):
        assert Message.objects.all().delete()[0] == count

    assert left() == []


# Accounts ---------------------------------------------------------------------------------------


def by_instance(person):
    person.delete()


def by_queryset(person):
    User.objects.filter(pk=person.pk).delete()


def by_admin(person):
    UserAdmin(User, AdminSite()).delete_model(None, person)


def by_admin_action(person):
    UserAdmin(User, AdminSite()).delete_queryset(None, User.objects.filter(pk=person.pk))


def by_deferred_instance(person):
    User.objects.only("pk").get(pk=person.pk).delete()


@pytest.mark.parametrize(
    "delete", [by_instance, by_queryset, by_admin, by_admin_action, by_deferred_instance]
)
def test_every_way_to_delete_an_account_deletes_the_same(message, ana, ben, stranger, delete):
    reply_to(reply_to(message)).delete()
    message.content = "Good evening, Ben"
    message.save()
    MessageFactory(sender=stranger, receiver=ana)
    kept = MessageFactory(sender=ben, receiver=stranger)
    kept.content = "This stays"
    kept.save()

    delete(ana)

    assert left() == pks(kept)
    assert list(Conversation.objects.all()) == [kept.conversation]
    assert set(Participant.objects.values_list("user", flat=True)) == {ben.pk, stranger.pk}
    assert MessageHistory.objects.get().message == kept
    assert Notification.objects.get().message == kept
    assert set(Mailbox.objects.values_list("user", flat=True)) == {ben.pk, stranger.pk}
    assert orphans() == []


def test_those_who_talked_with_a_deleted_account_see_it(message, ana, ben, stranger):
    before = dict(Mailbox.objects.values_list("user", "version"))

    ana.delete()

    after = dict(Mailbox.objects.values_list("user", "version"))
    assert after[ben.pk] > before[ben.pk]
    assert after[stranger.pk] == before[stranger.pk]


def test_an_account_without_messages_goes_too(stranger):
    stranger.delete()

    assert not Mailbox.objects.exists()
    assert orphans() == []


def test_a_circle_of_people_can_go_at_once(ana, ben, stranger):
    for sender, receiver in [(ana, ben), (ben, stranger), (stranger, ana)]:
        reply_to(MessageFactory(sender=sender, receiver=receiver))

    User.objects.all().delete()

    assert left() == []
    assert not Conversation.objects.exists()
    assert not Mailbox.objects.exists()
    assert orphans() == []


@pytest.mark.parametrize("leaver", ["sender", "receiver"])
def test_a_chain_deeper_than_a_cascade_survives_goes_cleanly(message, leaver):
    many_messages(message.sender, message.receiver, 1_200, parent=message)

    getattr(message, leaver).delete()

    assert left() == []
    assert not MessageHistory.objects.exists()
    assert not Notification.objects.exists()
    assert orphans() == []


def test_a_deep_chain_deletes_by_a_queryset_of_messages(message):
    many_messages(message.sender, message.receiver, 1_200, parent=message)

    Message.objects.all().delete()

    assert left() == []
    assert orphans() == []


def test_deleting_an_account_takes_the_same_statements_however_much_it_wrote():
    counts = []
    # The first one may also ask for what is kept in memory from then on.
    for count in (10, 10, 1_000):
        ana, ben = UserFactory(), UserFactory()
        many_messages(ana, ben, count, parent=MessageFactory(sender=ana, receiver=ben))
        with CaptureQueriesContext(connection) as captured:
            ana.delete()
        counts.append(len(statements(captured)))
        assert left() == []

    assert counts[1] == counts[2]


def test_deleting_an_account_takes_the_same_statements_for_very_many_conversations():
    counts = []
    for count in (3, 3, 300):
        ana = UserFactory()
        for person in User.objects.bulk_create(UserFactory.build() for _ in range(count)):
            Mailbox.objects.create(user=person)
            many_messages(ana, person, 1)
        with CaptureQueriesContext(connection) as captured:
            ana.delete()
        counts.append(len(statements(captured)))
        assert left() == []
        assert orphans() == []

    assert counts[1] == counts[2]


def test_a_deletion_that_fails_half_way_deletes_nothing(message, ana, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(services, "delete_everything_of", fail)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ana.delete()

    monkeypatch.undo()
    assert User.objects.filter(username="ana").exists()
    assert left() == pks(message)


def models_that_point_to(model, *, but=()):
    """The models of the domain with a foreign key to `model`, and the names of those keys."""
    return {
        (relation.related_model, relation.field.name)
        for relation in model._meta.get_fields(include_hidden=True)
        if relation.one_to_many or (relation.one_to_one and relation.auto_created)
        if relation.related_model not in but
        if relation.related_model._meta.app_label == "messaging"
    }


def test_everything_that_hangs_off_a_message_is_on_the_one_list():
    """Messages and conversations themselves are cleaned up by the services that delete them."""
    found = models_that_point_to(Message, but=(Message, Conversation))

    assert found == {(model, "message") for model in dependents.MODELS}


def test_everything_that_hangs_off_a_conversation_or_a_person_is_known():
    """Whoever adds a model here adds its deletion to `account_deletion` and `batched_deletion`."""
    assert models_that_point_to(Conversation) == {
        (Message, "conversation"),
        (Participant, "conversation"),
        (DeletedConversation, "conversation"),
        (Draft, "conversation"),
    }
    assert models_that_point_to(User) == {
        (Message, "sender"),
        (Message, "receiver"),
        (MessageHistory, "edited_by"),
        (Notification, "user"),
        (Participant, "user"),
        (Mailbox, "user"),
        (FoldedNames, "user"),
        (DeletedAccount, "user"),
        (Draft, "author"),
    }


def test_an_account_leaves_a_conversation_of_three_and_takes_its_own_words_along(
    ana, ben, stranger, message
):
    """Two people are all that the interface offers so far; the rule is about who goes on."""
    conversation = message.conversation
    Participant.objects.create(conversation=conversation, user=stranger)
    said = Message(sender=stranger, receiver=ana, content="Mine", conversation=conversation)
    Message.objects.bulk_create([said])
    answered = Message.objects.create(
        sender=ana, receiver=ben, content="An answer", parent_message=message
    )
    told = Notification.objects.create(user=stranger, message=answered)

    stranger.delete()
    connection.check_constraints()  # foreign keys are deferred to the commit

    assert [one.pk for one in conversation.messages.order_by("pk")] == [message.pk, answered.pk]
    assert set(conversation.participants.values_list("user", flat=True)) == {ana.pk, ben.pk}
    assert Message.objects.get(pk=message.pk).content == "Good morning, Ben"
    assert not Notification.objects.filter(pk=told.pk).exists()


def test_an_account_whose_words_were_answered_keeps_an_empty_place_in_a_conversation_of_three(
    ana, ben, stranger, message
):
    conversation = message.conversation
    Participant.objects.create(conversation=conversation, user=stranger)
    said = Message(sender=stranger, receiver=ana, content="Mine", conversation=conversation)
    answer = Message(sender=ana, receiver=ben, content="Yes", conversation=conversation)
    Message.objects.bulk_create([said])
    answer.parent_message = answer.thread = said
    Message.objects.bulk_create([answer])
    pk = stranger.pk

    stranger.delete()
    connection.check_constraints()

    said.refresh_from_db()
    assert (said.content, said.deleted_at is None) == ("", False)
    nobody = User.objects.get(pk=pk)
    assert not nobody.is_active
    assert nobody.first_name == ""
    assert Message.objects.get(pk=answer.pk).content == "Yes"


def test_a_conversation_ends_with_the_last_but_one_who_takes_part(ana, ben, stranger, message):
    pk = message.conversation_id
    assert list(Conversation.objects.ending_with(ana).values_list("pk", flat=True)) == [pk]

    Participant.objects.create(conversation_id=pk, user=stranger)

    assert not Conversation.objects.ending_with(ana).exists()
    assert not Conversation.objects.ending_with(UserFactory()).exists()
