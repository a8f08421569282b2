"""`manage.py render_messages`, after the renderer has changed."""

import pytest
from django.core.management import call_command

from messaging import rendering
from messaging.models import Conversation, Message, MessageHistory
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.django_db


def make_old(**where):
    Message.objects.filter(**where).update(content_html="<p>old</p>", html_version=0)


def test_messages_of_an_older_renderer_are_rendered_again(message, capsys):
    other = reply_to(message, "<b>")
    make_old(pk=message.pk)
    make_old(pk=other.pk)

    call_command("render_messages")

    message.refresh_from_db()
    other.refresh_from_db()
    assert message.content_html == "Good morning, Ben"
    assert other.content_html == "&lt;b&gt;"
    assert {message.html_version, other.html_version} == {rendering.HTML_VERSION}
    assert "Rendered 2 messages." in capsys.readouterr().out


def test_only_the_html_changes(message):
    make_old()
    version = Conversation.objects.get().version

    call_command("render_messages", verbosity=0)

    message.refresh_from_db()
    assert message.edited is False
    assert message.content == "Good morning, Ben"
    assert not MessageHistory.objects.exists()
    assert Conversation.objects.get().version == version


def test_what_is_of_today_or_deleted_is_left_alone(message, monkeypatch):
    reply_to(message)
    message.delete()
    make_old(pk=message.pk)
    calls = []
    monkeypatch.setattr(rendering, "render_content", lambda content: calls.append(content))

    call_command("render_messages", verbosity=0)

    assert calls == []


def test_an_old_message_is_shown_rightly_before_it_is_rendered_again(message):
    make_old()

    assert Message.objects.get().body == "Good morning, Ben"


def test_more_than_one_batch_is_rendered(message):
    sender, receiver = message.sender, message.receiver
    Message.objects.bulk_create(
        MessageFactory.build(
            sender=sender, receiver=receiver, conversation=message.conversation, content=f"{n}"
        )
        for n in range(1_100)
    )
    make_old()

    call_command("render_messages", verbosity=0)

    assert not Message.objects.filter(html_version=0).exists()
    assert not Message.objects.filter(content_html="<p>old</p>").exists()
