"""`manage.py make_demo` fills a database with people and messages, once."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.db.models import Count, Min
from django.utils import timezone

from messaging.demo_content import CONVERSATIONS, MAIN_PERSON, PEOPLE
from messaging.demo_content.word_game import REMARKS, WORDS
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant
from tests.factories import UserFactory
from tests.messaging.orphans import orphans

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys):
    def run():
        call_command("make_demo")
        return capsys.readouterr().out

    return run


def password_in(output):
    return re.search(r"the password (\S+)$", output.strip())[1]


def main_person():
    return get_user_model().objects.get(username=MAIN_PERSON)


def test_the_demo_shows_every_kind_of_message(run):
    run()

    assert set(get_user_model().objects.values_list("username", flat=True)) == set(PEOPLE)
    assert len(PEOPLE) == 8
    levels = [
        level
        for *_place, level in Message.objects.tree_below(Message.objects.top_level(), levels=20)
    ]
    assert max(levels) >= 6
    largest = Message.objects.exclude(thread=None).values("thread").annotate(n=Count("pk"))
    assert largest.order_by("-n")[0]["n"] >= 120
    twice = MessageHistory.objects.values("message").annotate(n=Count("pk")).filter(n=2)
    assert twice.exists()
    emptied = Message.objects.exclude(deleted_at=None).get()
    assert emptied.replies.count() == 2
    text = " ".join(Message.objects.values_list("content", flat=True))
    for script in ("[؀-ۿ]", "[ぁ-ん]", "[äöüß]", "[éà]", "[ñ¿]", "[😀-🙏]", "https://"):
        assert re.search(script, text), script
    assert orphans() == []


def test_the_main_person_has_unread_messages_from_several_people(run):
    run()

    unread = Message.unread.unread_for_user(main_person())

    assert unread.values("sender").distinct().order_by().count() >= 4
    assert unread.filter(thread=None).exists()
    assert unread.exclude(thread=None).exists()
    answers = unread.filter(parent_message__sender=main_person())
    assert Notification.objects.unread_by(main_person()).count() == answers.count()
    assert Participant.objects.filter(user=main_person()).count() == 7


def test_the_messages_are_of_the_last_three_weeks_up_to_minutes_ago(run):
    run()
    now = timezone.now()

    times = list(Message.objects.order_by("pk").values_list("timestamp", flat=True))

    assert times == sorted(times)
    assert now - timedelta(days=21) < times[0] < now - timedelta(days=14)
    assert now - timedelta(hours=1) < times[-1] < now
    for conversation in Conversation.objects.annotate(first=Min("messages__timestamp")):
        last = conversation.messages.latest("pk")
        assert conversation.last_message == last
        assert conversation.created_at == conversation.first
        for participant in conversation.participants.all():
            assert participant.last_activity == last.timestamp
    for message in Message.objects.filter(read=True, deleted_at=None):
        assert message.timestamp < message.read_at <= now
    for version in MessageHistory.objects.select_related("message"):
        assert version.message.timestamp < version.edited_at < now


def test_every_run_prints_another_password_that_works(run):
    first = password_in(run())
    assert authenticate(username=MAIN_PERSON, password=first)
    before = list(Message.objects.order_by("pk").values())

    output = run()

    assert "already" in output
    second = password_in(output)
    assert second != first
    assert len(second) >= 16
    assert authenticate(username=MAIN_PERSON, password=second)
    assert not authenticate(username=MAIN_PERSON, password=first)
    assert list(Message.objects.order_by("pk").values()) == before
    assert get_user_model().objects.count() == 8


def test_a_second_run_restores_nothing_that_was_deleted(run):
    run()
    main_person().delete()

    output = run()

    assert "already" in output
    assert MAIN_PERSON not in output
    assert not get_user_model().objects.filter(username=MAIN_PERSON).exists()
    assert authenticate(username="jonas", password=password_in(output))


def test_somebody_else_of_the_same_name_never_gets_the_password(run):
    person = UserFactory(username="wren")
    person.set_password("their own")
    person.save()

    with pytest.raises(CommandError, match="wren"):
        run()

    person.refresh_from_db()
    assert person.check_password("their own")
    assert get_user_model().objects.count() == 1


def test_nobody_of_the_demo_is_an_administrator(run):
    run()

    assert not get_user_model().objects.filter(is_staff=True).exists()
    assert not get_user_model().objects.filter(is_superuser=True).exists()


def test_the_texts_of_the_demo_keep_their_rules():
    assert all(one[-1] == other[0] for one, other in pairwise(WORDS))
    assert len(set(WORDS)) == len(WORDS)
    assert set(REMARKS) <= set(WORDS)

    for conversation in CONVERSATIONS:
        assert set(conversation.people) <= set(PEOPLE)
        waiting = list(conversation.messages)
        while waiting:
            message = waiting.pop()
            assert message.sender in conversation.people
            # A reply is younger than its parent, an edit than the text that it replaces.
            assert all(reply.age < message.age for reply in message.replies)
            ages = [age for _text, age in message.earlier_texts]
            assert ages == sorted(ages, reverse=True)
            assert all(age < message.age for age in ages)
            waiting += message.replies
