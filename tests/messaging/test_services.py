"""Every change to the domain, one verb at a time."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction

from messaging import services
from messaging.models import (
    CONTENT_MAX_LENGTH,
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
)
from messaging.services import MessageConflict
from tests.factories import MessageFactory, chain, reply_to
from tests.messaging.orphans import orphans
from tests.queries import at_most


def send(sender, receiver, content="On my way", **kwargs):
    return services.send_message(sender=sender, receiver=receiver, content=content, **kwargs)


# Sending ----------------------------------------------------------------------------------------


def test_a_sent_message_is_what_was_typed(ana, ben):
    message = send(ana, ben, "  On my way\r\nhome \n\n")

    message.refresh_from_db()
    assert message.content == "  On my way\nhome"
    assert (message.sender, message.receiver) == (ana, ben)
    assert (message.parent_message, message.thread) == (None, None)
    assert (message.read, message.edited) == (False, False)
    assert message.body == "  On my way<br>home"


def test_a_reply_belongs_to_the_thread_of_what_it_answers(ana, ben, message):
    reply = send(ben, ana, parent=message)
    deeper = send(ana, ben, parent=reply)

    assert (reply.parent_message, reply.thread) == (message, message)
    assert (deeper.parent_message, deeper.thread) == (reply, message)
    assert deeper.conversation == message.conversation


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\u200b\u200d\ufeff", "empty"),
        ("\u2800", "empty"),
        ("\u3164 \u115f\ufe0f", "empty"),
        ("\x00", "empty"),
        ("x" * (CONTENT_MAX_LENGTH + 1), "too_long"),
        ("𝔵" * 17_000, "too_long"),
        ("a\0b", "not_storable"),
        ("a\ud800b", "not_storable"),
    ],
    ids=[
        "nothing",
        "blank",
        "invisible",
        "Braille",
        "fillers",
        "NUL alone",
        "long",
        "64 KB",
        "NUL",
        "surrogate",
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_reason(ana, ben, content, code):
    with pytest.raises(ValidationError) as refused:
        send(ana, ben, content)

    assert refused.value.code == code
    assert refused.value.messages[0].endswith((".", "?"))
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("content", ["x" * CONTENT_MAX_LENGTH, "👩‍👩‍👧‍👦", ".", "a\tb"])
def test_what_can_be_kept_is_kept(ana, ben, content):
    assert Message.objects.get(pk=send(ana, ben, content).pk).content == content


def test_nobody_writes_to_themselves(ana):
    with pytest.raises(ValidationError) as refused:
        send(ana, ana)

    assert refused.value.code == "self"


def test_the_same_key_with_the_same_text_is_the_same_message(ana, ben):
    key = uuid4()
    first = send(ana, ben, client_key=key)
    version = Conversation.objects.get().version

    assert send(ana, ben, client_key=key) == first
    assert Message.objects.count() == Notification.objects.count() == 1
    assert Conversation.objects.get().version == version


def test_the_same_key_after_an_edit_is_still_the_same_message(ana, ben):
    key = uuid4()
    first = send(ana, ben, client_key=key)
    first.content = "Nearly there"
    first.save()

    assert send(ana, ben, client_key=key) == first


def test_the_same_key_with_another_text_is_a_conflict(ana, ben):
    key = uuid4()
    first = send(ana, ben, client_key=key)

    with pytest.raises(MessageConflict) as conflict:
        send(ana, ben, "Something else", client_key=key)

    assert conflict.value.message == first
    assert "On my way" not in str(conflict.value)  # never the text: it may land in a log


def test_the_same_key_to_somebody_else_is_a_conflict_not_the_first_message(ana, ben, stranger):
    key = uuid4()
    send(ana, ben, client_key=key)

    with pytest.raises(MessageConflict):
        send(ana, stranger, client_key=key)

    assert not Conversation.objects.filter(participants__user=stranger).exists()


def test_the_same_key_under_another_message_is_a_conflict(ana, ben, message):
    key = uuid4()
    send(ana, ben, client_key=key)

    with pytest.raises(MessageConflict):
        send(ana, ben, client_key=key, parent=message)


def test_two_people_may_use_the_same_key(ana, ben):
    key = uuid4()

    assert send(ana, ben, client_key=key) != send(ben, ana, client_key=key)


def test_a_reply_into_another_conversation_is_refused(ana, ben, stranger, message):
    with pytest.raises(ValidationError) as refused:
        send(ana, stranger, parent=message)
    assert refused.value.code == "elsewhere"

    with pytest.raises(ValidationError):
        send(stranger, ana, parent=message)
    with pytest.raises(ValidationError):
        Message.objects.create(
            sender=ana, receiver=stranger, content="Through the back door", parent_message=message
        )
    assert Message.objects.count() == 1


def test_a_reply_never_takes_a_conversation_that_is_not_its_parents(ana, ben, stranger, message):
    elsewhere = MessageFactory(sender=ana, receiver=stranger).conversation

    with pytest.raises(ValidationError):
        Message.objects.create(
            sender=ana, receiver=ben, content="x", parent_message=message, conversation=elsewhere
        )


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_gone_is_said_to_be_gone(ana, ben):
    type(ben).objects.get(pk=ben.pk).delete()

    for sender, receiver in ((ana, ben), (ben, ana)):
        with pytest.raises(ValidationError) as refused:
            send(sender, receiver)
        assert refused.value.code == "gone"
    assert orphans() == []
    assert not Conversation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_reply_answers_may_be_gone(message, ben, ana):
    Message.objects.get(pk=message.pk).delete()

    with pytest.raises(ValidationError) as refused:
        send(ben, ana, parent=message)

    assert refused.value.code == "parent_gone"
    assert orphans() == []


def test_what_a_reply_answers_may_be_an_empty_place(message, ana, ben):
    reply_to(message)
    message.delete()

    reply = send(ben, ana, parent=Message.objects.get(pk=message.pk))

    assert reply.thread == message


def test_a_send_that_fails_leaves_nothing(ana, ben, monkeypatch):
    def fail(message):
        raise ZeroDivisionError

    monkeypatch.setattr(services, "notify_receiver", fail)

    with pytest.raises(ZeroDivisionError):
        send(ana, ben)

    assert not Message.objects.exists()
    assert Mailbox.objects.get(user=ana).version == 0


@pytest.mark.parametrize("size", [1, 60])
def test_a_reply_takes_the_same_statements_in_a_thread_of_any_size(message, ana, ben, size):
    last = chain(message, size)

    with at_most(13):
        send(ana, ben, parent=last)


def test_a_deadlock_is_tried_a_second_time_and_no_third(transactional_db):
    tries = []

    @services.one_transaction
    def wait_in_a_ring(times):
        tries.append(transaction.get_connection().in_atomic_block)
        if len(tries) <= times:
            raise OperationalError("deadlock detected")
        return "done"

    assert wait_in_a_ring(1) == "done"
    assert tries == [True, True]

    tries.clear()
    with pytest.raises(OperationalError):
        wait_in_a_ring(2)
    assert len(tries) == 2


def test_other_database_errors_are_not_tried_again(transactional_db):
    tries = []

    @services.one_transaction
    def fail():
        tries.append(1)
        raise OperationalError("disk full")

    with pytest.raises(OperationalError):
        fail()
    assert len(tries) == 1


@pytest.mark.parametrize("to", ["receiver", "conversation", "parent"])
def test_nobody_sends_to_an_account_that_was_deactivated(message, ana, ben, to):
    ben.is_active = False
    ben.save()
    message = Message.objects.get()
    target = {"receiver": ben, "conversation": message.conversation, "parent": message}

    with pytest.raises(ValidationError) as refused:
        services.send_message(sender=ana, content="Still there?", **{to: target[to]})

    assert refused.value.code == "closed"
    assert Message.objects.count() == 1


def test_a_repeated_send_gives_its_message_though_the_receiver_was_deactivated_since(ana, ben):
    send = {"sender": ana, "receiver": ben, "content": "Hello", "client_key": uuid4()}
    sent = services.send_message(**send)
    ben.is_active = False
    ben.save()

    assert services.send_message(**send) == sent


def test_a_conversation_says_whom_a_message_goes_to(message, ana, ben):
    sent = services.send_message(sender=ben, content="Hello", conversation=message.conversation)

    assert sent.receiver == ana
    assert sent.conversation == message.conversation


def test_a_parent_says_whom_a_reply_goes_to(message, ana, ben):
    reply = services.send_message(sender=ben, content="Hello", parent=message)
    answer = services.send_message(sender=ben, content="And this", parent=reply)

    assert (reply.receiver, answer.receiver) == (ana, ana)


def test_sending_to_nobody_in_particular_is_a_mistake_of_the_program(ana):
    with pytest.raises(TypeError, match="needs a receiver"):
        services.send_message(sender=ana, content="Hello")


# Editing ----------------------------------------------------------------------------------------


def edit(message, editor, content="Good evening", version=None):
    return services.edit_message(
        message=message,
        editor=editor,
        content=content,
        text_version=message.text_version if version is None else version,
    )


def test_an_edit_changes_the_text_and_keeps_the_old_one(message, ana):
    edited = edit(message, ana, " Good evening \r\n")

    assert (edited.content, edited.edited) == (" Good evening", True)
    assert [one.old_content for one in edited.history.all()] == ["Good morning, Ben"]
    assert edited.changed_in > message.changed_in


def test_an_edit_never_makes_a_message_unread(message, ana, ben):
    services.mark_as_read(reader=ben, messages=Message.objects.all())

    assert edit(message, ana).read is True
    assert Notification.objects.get().read is True


def test_the_same_text_is_no_edit_even_from_an_old_version(message, ana):
    first = message.changed_in
    edit(message, ana)

    assert edit(message, ana, "Good evening\n", version=0).changed_in > first
    assert MessageHistory.objects.count() == 1


def test_an_edit_from_an_old_version_is_a_conflict_with_the_text_of_now(message, ana):
    edit(message, ana, "Second")

    with pytest.raises(MessageConflict) as conflict:
        edit(message, ana, "Third", version=0)

    assert conflict.value.message.content == "Second"
    assert MessageHistory.objects.count() == 1


def test_only_the_author_edits(message, ben, stranger):
    for other in (ben, stranger):
        with pytest.raises(Message.DoesNotExist):
            edit(message, other)
    assert not MessageHistory.objects.exists()


def test_a_deleted_message_cannot_be_edited(message, ana):
    reply_to(message)
    message.delete()

    with pytest.raises(Message.DoesNotExist):
        edit(message, ana)


def test_an_edit_to_nothing_is_refused(message, ana):
    with pytest.raises(ValidationError):
        edit(message, ana, " ")

    message.refresh_from_db()
    assert message.content == "Good morning, Ben"


# The database's own rules -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"thread": None}, {"receiver_id": "sender_id"}],
    ids=["a reply without a thread", "to oneself"],
)
def test_the_database_refuses_what_must_never_be(message, change):
    reply = reply_to(message)
    values = {
        name: getattr(reply, value) if isinstance(value, str) else value
        for name, value in change.items()
    }

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=reply.pk).update(**values)


def test_the_database_refuses_an_empty_message(ana, ben):
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(sender=ana, receiver=ben, content="")
