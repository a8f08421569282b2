"""What `benchmarks.live` does with Django's settings, and therefore in a process of its own."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from importlib import import_module

import django
from django.conf import settings

LISTENERS = 400  # people who are written to; the others only wait


def prepare(size: str) -> list[tuple[int, str, int]]:
    """So many people, each with a session and a conversation: id, key and conversation's id."""
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )
    from django.core.management import call_command
    from django.utils import timezone

    from messaging.models import Conversation, Mailbox, Participant
    from messaging.services import send_message

    call_command("migrate", verbosity=0, interactive=False)
    people = get_user_model().objects
    people.bulk_create(
        people.model(username=f"person{n}", first_name=f"Person {n}", password=f"!{n}")
        for n in range(int(size))
    )
    users = list(people.order_by("pk"))
    Mailbox.objects.bulk_create(Mailbox(user=user) for user in users)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions, found = [], []
    until = timezone.now() + timedelta(days=1)
    for user in users:
        key = f"{user.pk:032d}"
        session = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        sessions.append(
            store.get_model_class()(
                session_key=key, session_data=store().encode(session), expire_date=until
            )
        )
        found.append([user.pk, key, 0])
    store.get_model_class().objects.bulk_create(sessions, batch_size=1000)
    conversations = Conversation.objects.bulk_create(
        Conversation(pair_key=f"{one.pk}:{other.pk}")
        for one, other in zip(users[::2], users[1::2], strict=True)
    )
    Participant.objects.bulk_create(
        Participant(conversation=conversation, user=user)
        for conversation, pair in zip(
            conversations, zip(users[::2], users[1::2], strict=True), strict=True
        )
        for user in pair
    )
    for place, one in enumerate(found):
        one[2] = conversations[place // 2].pk
    for number in range(20):
        send_message(sender=users[1], receiver=users[0], content=f"Number {number}, as ever.")
    return [tuple(one) for one in found]


def send(rate: str, seconds: str, size: str) -> list[tuple[int, int, float]]:
    """Of each message: to whom, the version of their mailbox it made, and when it was sent."""
    from django.contrib.auth import get_user_model

    from messaging.models import Mailbox
    from messaging.services import send_message

    users = list(get_user_model().objects.order_by("pk")[2 : min(int(size), LISTENERS)])
    sent = []
    began = time.monotonic()
    number = 0
    while (now := time.monotonic() - began) < int(seconds):
        due = number / int(rate)
        if now < due:
            time.sleep(due - now)
        place = number * 2 % len(users)
        number += 1
        when = time.time()
        send_message(sender=users[place], receiver=users[place + 1], content="See you there.")
        version = Mailbox.objects.values_list("version", flat=True).get(pk=users[place + 1].pk)
        sent.append((users[place + 1].pk, version, when))
    time.sleep(1)  # a bus that is spoken on by a thread has said it by then
    return sent


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"prepare": prepare, "send": send}[sys.argv[1]](*sys.argv[2:])))
