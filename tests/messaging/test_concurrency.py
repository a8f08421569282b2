"""Several people at once, in real threads and on a real database file."""

from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import OperationalError, connection, connections

from messaging import services
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant
from messaging.services import MessageConflict
from tests.factories import MessageFactory, UserFactory
from tests.messaging.orphans import orphans

pytestmark = [pytest.mark.db, pytest.mark.django_db(transaction=True)]

ROUNDS = 12


def at_once(*tasks):
    """What each of `tasks` returned or raised, started together in a thread of its own."""
    start = Barrier(len(tasks))
    outcomes = [None] * len(tasks)
    rings = []

    def watch(execute, sql, *args):
        try:
            return execute(sql, *args)
        except OperationalError as error:  # a second try may hide it from the caller
            rings.append(f"{error}: {sql}")
            raise

    def run(place, task):
        start.wait()
        try:
            with connection.execute_wrapper(watch):
                outcomes[place] = task()
        except Exception as error:  # the test looks at what each thread met
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    assert rings == [], "these waited for each other, or for too long"
    return outcomes


def errors_in(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_three_editors_at_once_lose_no_version(message, ana):
    for number in range(ROUNDS):
        before = Message.objects.get(pk=message.pk)
        texts = [f"Round {number}, text {letter}" for letter in "abc"]

        def edit(text, before=before):
            return services.edit_message(
                message=before, editor=ana, content=text, text_version=before.text_version
            )

        outcomes = at_once(*(lambda text=text, edit=edit: edit(text) for text in texts))

        losers = errors_in(outcomes)
        assert [type(loser) for loser in losers] == [MessageConflict, MessageConflict]
        message.refresh_from_db()
        assert message.content in texts
        assert all(loser.message.content == message.content for loser in losers)
        assert (
            list(message.history.values_list("old_content", flat=True)).count(before.content) == 1
        )
    assert message.history.count() == ROUNDS


def test_plain_saves_at_once_keep_every_version_exactly_once(message):
    for number in range(ROUNDS):
        first = Message.objects.get(pk=message.pk).content
        texts = [f"Round {number}, text {letter}" for letter in "abc"]

        def save(text):
            mine = Message.objects.get(pk=message.pk)
            mine.content = text
            mine.save()

        assert errors_in(at_once(*(lambda text=text: save(text) for text in texts))) == []

        message.refresh_from_db()
        kept = list(
            message.history.order_by("-pk").values_list("old_content", flat=True)[: len(texts)]
        )
        assert sorted([*kept, message.content]) == sorted([first, *texts])
        assert message.edited


def test_writers_of_one_process_take_turns_and_never_find_the_database_busy(ana, ben):
    def send():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")  # whoever finds it busy fails at once
        for _round in range(ROUNDS):
            services.send_message(sender=ana, receiver=ben, content="Hello")

    assert errors_in(at_once(*[send] * 8)) == []

    assert Message.objects.count() == 8 * ROUNDS


def test_two_sends_with_one_client_key_are_one_message(ana, ben):
    for _round in range(ROUNDS):
        key = uuid4()

        outcomes = at_once(
            *[
                lambda key=key: services.send_message(
                    sender=ana, receiver=ben, content="Once only", client_key=key
                )
            ]
            * 4
        )

        assert errors_in(outcomes) == []
        assert len({message.pk for message in outcomes}) == 1
        assert Message.objects.filter(client_key=key).count() == 1
    assert Notification.objects.count() == ROUNDS


def test_ids_follow_versions_when_both_people_write_at_once(ana, ben):
    def write(sender, receiver):
        for number in range(20):
            services.send_message(sender=sender, receiver=receiver, content=f"Text {number}")

    outcomes = at_once(*[lambda: write(ana, ben), lambda: write(ben, ana)] * 2)

    assert errors_in(outcomes) == []
    versions = list(Message.objects.order_by("id").values_list("changed_in", flat=True))
    assert len(versions) == 80
    assert versions == sorted(set(versions))
    assert Conversation.objects.get().version == versions[-1]
    assert Conversation.objects.get().last_message == Message.objects.latest("id")


def test_the_first_messages_of_two_people_at_once_make_one_conversation(ana, ben):
    outcomes = at_once(
        lambda: services.send_message(sender=ana, receiver=ben, content="Hello"),
        lambda: services.send_message(sender=ben, receiver=ana, content="Hello yourself"),
    )

    assert errors_in(outcomes) == []
    assert Conversation.objects.count() == 1
    assert Participant.objects.count() == 2


def test_sending_editing_and_reading_at_once_never_wait_for_each_other_in_a_ring(ana, ben):
    mine = [MessageFactory(sender=ana, receiver=ben) for _ in range(10)]

    def write():
        for number in range(15):
            services.send_message(sender=ana, receiver=ben, content=f"Text {number}")

    def edit():
        for message in mine:
            message.content += "!"
            message.save(update_fields=["content"])

    def read():
        for _number in range(15):
            services.mark_as_read(reader=ben, messages=Message.objects.all())

    def read_notifications():
        for _number in range(15):
            last = Notification.objects.latest("pk").pk
            services.mark_notifications_as_read(reader=ben, up_to=last)

    assert errors_in(at_once(write, edit, read, read_notifications)) == []

    services.mark_as_read(reader=ben, messages=Message.objects.all())
    assert not Message.objects.unread_by(ben).exists()
    assert not Notification.objects.unread_by(ben).exists()
    assert MessageHistory.objects.count() == len(mine)
    assert all(message.content.endswith("!") for message in Message.objects.filter(edited=True))


def test_an_edit_never_takes_back_a_read_mark(message, ben):
    for number in range(ROUNDS):
        services.mark_as_unread(reader=ben, message=message)
        mine = Message.objects.get(pk=message.pk)
        mine.content = f"Text {number}"

        outcomes = at_once(
            lambda mine=mine: mine.save(update_fields=["content"]),
            lambda: services.mark_as_read(reader=ben, messages=Message.objects.all()),
        )

        assert errors_in(outcomes) == []
        message.refresh_from_db()
        assert (message.content, message.read) == (f"Text {number}", True)


def test_an_account_that_goes_while_others_write_leaves_nothing_behind(ana, stranger):
    for number in range(ROUNDS):
        leaver = UserFactory(username=f"leaver{number}")
        root = MessageFactory(sender=leaver, receiver=ana)

        def write(receiver, parent=None, leaver=leaver):
            sent = 0
            for _attempt in range(8):
                services.send_message(
                    sender=receiver, receiver=leaver, content="Are you there?", parent=parent
                )
                sent += 1
            return sent

        outcomes = at_once(
            lambda root=root: write(ana, root),
            lambda: write(stranger),
            lambda: services.mark_as_read(reader=ana, messages=Message.objects.all()),
            lambda leaver=leaver: get_user_model().objects.get(pk=leaver.pk).delete(),
        )

        assert all(
            isinstance(error, ValidationError | ObjectDoesNotExist) for error in errors_in(outcomes)
        ), outcomes
        assert not isinstance(outcomes[3], Exception)
        assert not get_user_model().objects.filter(pk=leaver.pk).exists()
        assert orphans() == []
        assert not Message.objects.exists()


def test_who_deletes_their_own_account_while_sending_meets_a_clean_error(ana):
    for number in range(ROUNDS):
        leaver = UserFactory(username=f"leaver{number}")

        def write(leaver=leaver):
            for _attempt in range(8):
                services.send_message(sender=leaver, receiver=ana, content="One more thing")

        outcomes = at_once(
            write, lambda leaver=leaver: get_user_model().objects.get(pk=leaver.pk).delete()
        )

        assert all(isinstance(error, ValidationError) for error in errors_in(outcomes)), outcomes
        assert orphans() == []
        assert not Message.objects.exists()


def test_a_reply_to_a_message_that_goes_at_the_same_time_meets_a_clean_error(ana, ben):
    for _round in range(ROUNDS):
        root = MessageFactory(sender=ana, receiver=ben)

        deleted, replied = at_once(
            lambda root=root: services.delete_message(message=root, author=ana),
            lambda root=root: services.send_message(
                sender=ben, receiver=ana, content="Wait", parent=root
            ),
        )

        assert not isinstance(deleted, Exception)
        if isinstance(replied, Exception):
            assert isinstance(replied, ValidationError)
            assert not Message.objects.filter(pk=root.pk).exists()
        else:
            assert Message.objects.get(pk=replied.pk).parent_message == root
        assert orphans() == []
