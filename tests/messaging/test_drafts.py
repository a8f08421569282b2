"""Drafts: what is written is kept, and goes when it is sent or deleted."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from messaging import services
from messaging.mailboxes import Mailbox
from messaging.models import CONTENT_MAX_LENGTH, Draft
from messaging.services import DraftConflict, draft_of, save_draft
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(ana, ben):
    return MessageFactory(sender=ana, receiver=ben)


@pytest.fixture
def conversation(mine):
    return mine.conversation


def versions(*people):
    return Mailbox.objects.versions_of([person.pk for person in people])


def test_a_draft_is_kept_for_a_conversation_and_for_each_reply(ana, mine, conversation):
    first = save_draft(author=ana, conversation=conversation, content="To begin with")
    save_draft(author=ana, conversation=conversation, message=mine, content="A reply")

    assert draft_of(ana, conversation.pk).content == "To begin with"
    assert draft_of(ana, conversation.pk, mine.pk).content == "A reply"
    again = save_draft(author=ana, conversation=conversation, content="More", version=first)
    assert again != first
    assert Draft.objects.count() == 2


def test_an_empty_text_deletes_the_draft(ana, conversation):
    version = save_draft(author=ana, conversation=conversation, content="Half a")

    assert save_draft(author=ana, conversation=conversation, content=" \n", version=version) is None

    assert not Draft.objects.exists()


@pytest.mark.parametrize("version", [None, uuid4()])
def test_another_window_overwrites_nothing(ana, conversation, version):
    save_draft(author=ana, conversation=conversation, content="In one window")

    with pytest.raises(DraftConflict) as conflict:
        save_draft(author=ana, conversation=conversation, content="In two", version=version)

    assert conflict.value.draft.content == "In one window"
    assert draft_of(ana, conversation.pk).content == "In one window"


@pytest.mark.parametrize("text", ["x" * (CONTENT_MAX_LENGTH + 1), "a\0b"])
def test_what_could_not_be_sent_is_not_kept(ana, conversation, text):
    with pytest.raises(ValidationError):
        save_draft(author=ana, conversation=conversation, content=text)

    assert not Draft.objects.exists()


def test_sending_takes_the_draft_along(ana, ben, mine, conversation):
    version = save_draft(author=ana, conversation=conversation, content="Half a")
    save_draft(author=ana, conversation=conversation, message=mine, content="A reply")
    save_draft(author=ben, conversation=conversation, content="Half a message")

    services.send_message(
        sender=ana, conversation=conversation, content="Half a message", draft_version=version
    )
    assert draft_of(ana, conversation.pk) is None
    services.send_message(sender=ana, parent=mine, content="A reply")
    assert draft_of(ana, conversation.pk, mine.pk) is None

    assert Draft.objects.get().author == ben


def test_what_another_window_holds_stays_when_one_sends(ana, conversation):
    save_draft(author=ana, conversation=conversation, content="In another window")

    services.send_message(sender=ana, conversation=conversation, content="Sent from here")

    assert draft_of(ana, conversation.pk).content == "In another window"


def test_what_was_sent_meanwhile_is_not_kept_again(ana, conversation):
    key = uuid4()
    services.send_message(sender=ana, conversation=conversation, content="Sent", client_key=key)

    kept = save_draft(author=ana, conversation=conversation, content="Sen", client_key=key)

    assert kept is None
    assert not Draft.objects.exists()


def test_a_failed_send_keeps_the_draft(ana, conversation, monkeypatch):
    version = save_draft(author=ana, conversation=conversation, content="Precious")
    monkeypatch.setattr("messaging.services.sending._take_draft_along", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.send_message(
            sender=ana, conversation=conversation, content="Precious", draft_version=version
        )

    assert draft_of(ana, conversation.pk).content == "Precious"
    assert not conversation.messages.filter(content="Precious").exists()


def test_only_its_author_is_told_of_a_draft_and_only_when_the_list_shows_it(ana, ben, conversation):
    before = versions(ana, ben)
    version = save_draft(author=ana, conversation=conversation, content="x" * 100)
    first = versions(ana, ben)
    save_draft(author=ana, conversation=conversation, content="x" * 100 + "y", version=version)

    assert first[ana.pk] > before[ana.pk]
    assert versions(ana, ben) == first
    assert first[ben.pk] == before[ben.pk]


def test_drafts_go_with_the_message_that_they_answer(ana, ben, mine, conversation):
    reply_to(mine)
    save_draft(author=ben, conversation=conversation, message=mine, content="A reply")

    services.delete_message(message=mine, author=ana)

    assert not Draft.objects.exists()


@pytest.mark.parametrize("large", [False, True])
def test_drafts_go_with_the_account_and_with_its_conversations(
    ana, ben, mine, conversation, monkeypatch, large
):
    monkeypatch.setattr("messaging.services.batched_deletion.is_large", lambda _pk: large)
    save_draft(author=ana, conversation=conversation, content="Mine")
    save_draft(author=ben, conversation=conversation, message=mine, content="Theirs")

    ana.delete()

    assert not Draft.objects.exists()
