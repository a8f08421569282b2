"""Two edits of one message at once: each version is stored once, and the loser sees both texts.

EDIT_ROUNDS sets the number of rounds; the long form does a thousand on both databases.
"""

import os
import threading
from uuid import uuid4

import pytest
from django.db import connections
from django.urls import reverse

from messaging.models import Message, Notification
from tests.chats.conftest import HTMX, signed_in
from tests.factories import MessageFactory
from tests.faults.rounds import rounds
from tests.html import soup

pytestmark = [pytest.mark.db, pytest.mark.django_db(transaction=True)]

ROUNDS = int(os.environ.get("EDIT_ROUNDS", "20"))


def at_once(*tasks):
    """Start `tasks` at the same time, each in a thread. Returns their results."""
    start, answers = threading.Barrier(len(tasks)), [None] * len(tasks)

    def run(place, task):
        start.wait()
        try:
            answers[place] = task()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_every_version_is_kept_once_and_the_loser_gets_both_texts(ana, ben, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    message = MessageFactory(sender=ana, receiver=ben, content="The first text")
    path = reverse("chats:message_edit", args=[message.pk])
    windows = [signed_in(ana), signed_in(ana)]
    versions = ["The first text"]

    for number in rounds(ROUNDS):
        before = Message.objects.get(pk=message.pk)
        texts = [f"Round {number}, window {window}" for window in (1, 2)]
        headers = HTMX if number % 2 else None
        fields = [{"content": text, "text_version": before.text_version or 0} for text in texts]

        answers = at_once(
            *(
                lambda window=window, typed=typed, headers=headers: window.post(
                    path, typed, headers=headers
                )
                for window, typed in zip(windows, fields, strict=True)
            )
        )

        message.refresh_from_db()
        versions.append(message.content)
        won = texts.index(message.content)
        assert answers[won].status_code == (200 if headers else 302)
        loser = soup(answers[1 - won], 409)
        assert loser.select_one("textarea").text.strip() == texts[1 - won]
        assert texts[won] in loser.get_text()

    kept = list(message.history.order_by("pk").values_list("old_content", flat=True))
    assert kept == versions[:-1]
    assert message.content == versions[-1]


def test_the_same_send_at_once_from_two_windows_is_one_message(ana, ben, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    first = MessageFactory(sender=ana, receiver=ben)
    windows = [signed_in(ana) for _ in range(4)]

    for number in range(max(ROUNDS // 4, 3)):
        path = reverse("chats:message_reply", args=[first.pk])
        typed = {"content": f"Sent by a double click {number}", "client_key": str(uuid4())}
        answers = at_once(
            *(
                lambda window=window, typed=typed, path=path: window.post(path, typed)
                for window in windows
            )
        )

        assert {answer.status_code for answer in answers} == {302}
        sent = Message.objects.get(content=typed["content"])
        assert {int(answer["Location"].rpartition("m-")[2]) for answer in answers} == {sent.pk}
        assert Notification.objects.filter(message=sent).count() == 1
        # The same key from an old page with another text.
        other = soup(windows[0].post(path, typed | {"content": "Another text"}), 409)
        assert other.select_one("textarea").text.strip() == "Another text"
