"""What follows when messages and people are saved, seen by what it causes."""

import pickle

import pytest
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.exceptions import ValidationError

from messaging import events, signals
from messaging.models import Conversation, Mailbox, Message, MessageHistory, Notification
from messaging.rendering import HTML_VERSION
from messaging.signals import receivers_off
from tests.factories import MessageFactory, UserFactory, reply_to


def test_a_message_notifies_its_receiver_and_nobody_else(message, ben):
    notification = Notification.objects.get()

    assert (notification.user, notification.message) == (ben, message)
    assert notification.kind == Notification.Kind.MESSAGE
    assert notification.read is False
    assert notification.created_at == message.timestamp


def test_a_reply_notifies_the_other_person_as_a_reply(message, ana):
    reply = reply_to(message)

    notification = Notification.objects.get(message=reply)

    assert (notification.user, notification.kind) == (ana, Notification.Kind.REPLY)


def test_an_answer_to_oneself_notifies_the_other_person(message, ana, ben):
    reply = reply_to(message, sender=ana)

    assert Notification.objects.get(message=reply).user == ben


def test_saving_again_notifies_nobody_again(message):
    message.content = "Good evening, Ben"
    message.save()
    message.save()

    assert Notification.objects.count() == 1


def test_a_message_that_is_made_read_has_a_read_notification(ana, ben):
    message = MessageFactory(sender=ana, receiver=ben, read=True)

    assert message.notifications.get().read is True


def test_a_message_moves_its_conversation_to_the_top_for_both(message):
    conversation = message.conversation

    assert conversation.participants.count() == 2
    for participant in conversation.participants.all():
        assert participant.last_activity == message.timestamp
    conversation.refresh_from_db()
    assert conversation.last_message == message


def test_an_edit_keeps_what_was_there(message, ana):
    message.content = "Good evening, Ben"
    message.save()

    history = MessageHistory.objects.get()
    assert (history.message, history.old_content) == (message, "Good morning, Ben")
    assert history.edited_by == ana
    message.refresh_from_db()
    assert message.edited is True
    assert message.body == "Good evening, Ben"


def test_every_edit_adds_one_version(message):
    for number in range(3):
        message.content = f"Version {number}"
        message.save()

    versions = list(message.history.order_by("id").values_list("old_content", flat=True))
    assert versions == ["Good morning, Ben", "Version 0", "Version 1"]


def test_a_save_that_changes_no_text_is_no_edit(message):
    message.save()
    message.save(update_fields=["content"])

    message.refresh_from_db()
    assert message.edited is False
    assert not MessageHistory.objects.exists()


def test_an_unchanged_save_does_not_take_the_mark_away(message):
    message.content = "Good evening, Ben"
    message.save()
    stale = Message.objects.get(pk=message.pk)
    stale.edited = False

    stale.save()

    message.refresh_from_db()
    assert message.edited is True
    assert message.history.count() == 1


def test_marking_as_read_writes_no_history_but_reads_the_notification(message):
    message.read = True
    message.save(update_fields=["read"])

    message.refresh_from_db()
    assert (message.read, message.edited) == (True, False)
    assert not MessageHistory.objects.exists()
    assert Notification.objects.get().read is True


def test_a_change_of_text_beside_other_fields_is_saved_only_when_it_is_named(message):
    message.content = "Never saved"
    message.read = True
    message.save(update_fields=["read"])

    message.refresh_from_db()
    assert message.content == "Good morning, Ben"
    assert message.body == "Good morning, Ben"
    assert not MessageHistory.objects.exists()


@pytest.mark.parametrize("columns", [("content",), ("content", "read"), ("id",), ("edited",)])
@pytest.mark.parametrize("update_fields", [None, ["content"]], ids=["all", "named"])
def test_an_edit_of_a_deferred_message_keeps_html_and_mark_right(message, columns, update_fields):
    deferred = Message.objects.only(*columns).get(pk=message.pk)
    assert "content_html" in deferred.get_deferred_fields()

    deferred.content = "<b>Evening</b>"
    deferred.save(update_fields=update_fields)

    message.refresh_from_db()
    assert (message.content, message.edited) == ("<b>Evening</b>", True)
    assert message.content_html == "&lt;b&gt;Evening&lt;/b&gt;"
    assert message.html_version == HTML_VERSION
    assert [one.old_content for one in message.history.all()] == ["Good morning, Ben"]


def test_an_edit_of_a_message_that_was_pickled_keeps_what_was_there(message):
    copy = pickle.loads(pickle.dumps(message))  # noqa: S301  (our own bytes)
    copy.content = "Good evening, Ben"
    copy.save()

    assert message.history.get().old_content == "Good morning, Ben"


def test_an_edit_from_a_stale_copy_keeps_the_stored_text_not_the_stale_one(message):
    stale = Message.objects.get(pk=message.pk)
    message.content = "Second"
    message.save()
    stale.content = "Third"
    stale.save()

    versions = list(message.history.order_by("id").values_list("old_content", flat=True))
    assert versions == ["Good morning, Ben", "Second"]


def test_a_deleted_message_cannot_be_saved_back_to_life(message):
    stale = Message.objects.get(pk=message.pk)
    reply_to(message)
    message.delete()

    stale.content = "I am back"
    with pytest.raises(Message.DoesNotExist):
        stale.save()

    assert Message.objects.get(pk=message.pk).content == ""


def test_every_change_raises_the_version_of_the_conversation(message):
    first = message.changed_in
    message.content = "Good evening, Ben"
    message.save()
    reply = reply_to(message)

    assert first < message.changed_in < reply.changed_in
    assert Conversation.objects.get().version == reply.changed_in


def test_every_change_raises_the_versions_of_both_mailboxes(message, ana, ben, stranger):
    before = dict(Mailbox.objects.values_list("user", "version"))

    message.content = "Good evening, Ben"
    message.save()

    after = dict(Mailbox.objects.values_list("user", "version"))
    assert after[ana.pk] > before[ana.pk]
    assert after[ben.pk] > before[ben.pk]
    assert after[stranger.pk] == before[stranger.pk]


def versions_of(message, ana, ben):
    conversation = Conversation.objects.get(pk=message.conversation_id)
    mailboxes = dict(Mailbox.objects.values_list("user", "version"))
    reading = dict(conversation.participants.values_list("user", "version"))
    message.refresh_from_db()
    return {
        "changed in": message.changed_in,
        "conversation": conversation.version,
        "text": message.text_version,
        "ana's mailbox": mailboxes[ana.pk],
        "ben's mailbox": mailboxes[ben.pk],
        "ana's marks": reading[ana.pk],
        "ben's marks": reading[ben.pk],
    }


@pytest.mark.parametrize(
    ("fields", "risen"),
    [
        (["read"], {"ben's mailbox", "ben's marks"}),
        (["read", "read_at"], {"ben's mailbox", "ben's marks"}),
        (["content"], {"changed in", "conversation", "text", "ana's mailbox", "ben's mailbox"}),
        (["timestamp"], {"changed in", "conversation", "ana's mailbox", "ben's mailbox"}),
        (["html_version"], {"changed in", "conversation", "ana's mailbox", "ben's mailbox"}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_a_save_raises_the_versions_that_its_fields_belong_to(message, ana, ben, fields, risen):
    before = versions_of(message, ana, ben)
    message.read, message.content = True, "Good evening, Ben"

    message.save(update_fields=fields)

    after = versions_of(message, ana, ben)
    assert {name for name in before if after[name] != before[name]} == risen


SHARED = {"changed in", "conversation", "ana's mailbox", "ben's mailbox"}


@pytest.mark.parametrize(
    ("changes", "risen"),
    [
        ({}, set()),
        ({"read": True}, {"ben's mailbox", "ben's marks"}),
        ({"content": "Good evening, Ben"}, SHARED | {"text"}),
        ({"content": "Good evening, Ben", "read": True}, SHARED | {"text"}),
    ],
    ids=["nothing", "read", "content", "both"],
)
@pytest.mark.parametrize("deferred", [(), ("timestamp",)], ids=["loaded", "deferred"])
def test_a_save_of_everything_raises_the_versions_that_its_changes_belong_to(
    message, ana, ben, changes, risen, deferred
):
    before = versions_of(message, ana, ben)
    message = Message.objects.defer(*deferred).get(pk=message.pk)
    for name, value in changes.items():
        setattr(message, name, value)

    message.save()

    after = versions_of(message, ana, ben)
    assert {name for name in before if after[name] != before[name]} == risen
    assert {name: getattr(message, name) for name in changes} == changes  # it was saved


def test_a_save_of_no_fields_raises_no_version(message, ana, ben):
    before = versions_of(message, ana, ben)

    message.save(update_fields=[])

    assert versions_of(message, ana, ben) == before


def test_a_mailbox_that_is_missing_is_made(ana, ben):
    Mailbox.objects.all().delete()

    MessageFactory(sender=ana, receiver=ben)

    assert set(Mailbox.objects.values_list("user", flat=True)) == {ana.pk, ben.pk}


def test_a_new_person_has_a_mailbox(ana):
    assert ana.mailbox.version == 0


def test_a_changed_name_refreshes_what_others_see(message, ana, ben, stranger):
    versions = dict(Mailbox.objects.values_list("user", "version"))
    before = Conversation.objects.get().version

    ana.first_name = "Anna"
    ana.save()

    assert Conversation.objects.get().version > before
    after = dict(Mailbox.objects.values_list("user", "version"))
    assert after[ben.pk] > versions[ben.pk]
    assert after[stranger.pk] == versions[stranger.pk]


def test_signing_in_refreshes_nothing(message, ana):
    before = Conversation.objects.get().version

    ana.save(update_fields=["last_login"])

    assert Conversation.objects.get().version == before


def test_a_loaded_fixture_brings_its_own_notifications(message):
    rows = serializers.serialize("json", [message])
    Notification.objects.all().delete()

    for loaded in serializers.deserialize("json", rows):
        loaded.save()

    assert not Notification.objects.exists()
    assert not MessageHistory.objects.exists()


@pytest.mark.parametrize("field", ["sender", "receiver", "parent_message"])
@pytest.mark.parametrize("named", [False, True], ids=["all", "named"])
def test_the_place_of_a_message_never_changes(message, stranger, field, named):
    reply = reply_to(message)
    elsewhere = MessageFactory()
    new = elsewhere if field == "parent_message" else stranger

    setattr(reply, field, new)
    with pytest.raises(ValidationError) as refused:
        reply.save(update_fields=[field] if named else None)

    assert refused.value.code == "moved"
    reply.refresh_from_db()
    assert getattr(reply, field) != new


def test_receivers_can_be_switched_off_and_are_on_again(ana, ben):
    with receivers_off():
        MessageFactory(sender=ana, receiver=ben)
        UserFactory(username="quiet")
    assert not Notification.objects.exists()
    assert not Mailbox.objects.filter(user__username="quiet").exists()

    MessageFactory(sender=ana, receiver=ben)

    assert Notification.objects.count() == 1


def test_one_receiver_can_be_switched_off_alone(message):
    with receivers_off(signals.log_message_edit):
        message.content = "Good evening, Ben"
        message.save()
        reply_to(message)

    assert not MessageHistory.objects.exists()
    assert Notification.objects.count() == 2


def test_receivers_are_on_again_after_an_error(ana, ben):
    with pytest.raises(ZeroDivisionError), receivers_off():
        raise ZeroDivisionError

    MessageFactory(sender=ana, receiver=ben)

    assert Notification.objects.count() == 1


def test_an_inner_block_does_not_switch_on_what_an_outer_one_switched_off(ana, ben):
    with receivers_off():
        with receivers_off(signals.create_message_notification):
            pass
        MessageFactory(sender=ana, receiver=ben)
    assert not Notification.objects.exists()

    MessageFactory(sender=ana, receiver=ben)
    assert Notification.objects.count() == 1


def test_who_listens_hears_which_account_was_erased(message, ana):
    heard = []

    def listen(user_pk, **kwargs):
        heard.append((user_pk, get_user_model().objects.filter(pk=user_pk).exists()))

    events.account_deleted.connect(listen)
    try:
        pk = ana.pk
        ana.delete()
    finally:
        events.account_deleted.disconnect(listen)

    assert heard == [(pk, False)]
