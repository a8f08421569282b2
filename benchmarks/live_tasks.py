"""The parts of `benchmarks.live` that need Django, and therefore a process of their own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import django
from django.conf import settings

LISTENERS = 400  # people who receive messages; the others only hold a stream


def prepare(size: str) -> list[tuple[int, str, int]]:
    """Make `size` people. The id, the session key and the id of the conversation of each."""
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )
    from django.core.management import call_command
    from django.utils import timezone

    from messaging.mailboxes import Mailbox
    from messaging.models import Conversation, Participant
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
    sessions = []
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
    store.get_model_class().objects.bulk_create(sessions, batch_size=1000)
    conversations = Conversation.objects.bulk_create(
        Conversation(pair_key=f"{one.pk}:{other.pk}")
        for one, other in zip(users[::2], users[1::2], strict=True)
    )
    members = [
        (user, conversations[number // 2], session.session_key)
        for number, (user, session) in enumerate(zip(users, sessions, strict=True))
    ]
    Participant.objects.bulk_create(
        Participant(conversation=conversation, user=user) for user, conversation, _key in members
    )
    for number in range(20):
        send_message(sender=users[1], receiver=users[0], content=f"Number {number}, as ever.")
    return [(user.pk, key, conversation.pk) for user, conversation, key in members]


def send(rate: str, seconds: str, size: str) -> list[tuple[int, int, float]]:
    """Send `rate` messages a second. For each: the receiver's id, the version that their mailbox
    got, and the time (seconds since the epoch) when the sending started.
    """
    from django.contrib.auth import get_user_model

    from messaging.mailboxes import Mailbox
    from messaging.services import send_message

    users = list(get_user_model().objects.order_by("pk")[2 : min(int(size), LISTENERS)])
    sent = []
    started = time.monotonic()
    number = 0
    while (now := time.monotonic() - started) < int(seconds):
        due = number / int(rate)
        if now < due:
            time.sleep(due - now)
        pair = number * 2 % len(users)
        sender, receiver = users[pair : pair + 2]
        number += 1
        when = time.time()
        send_message(sender=sender, receiver=receiver, content="See you there.")
        version = Mailbox.objects.values_list("version", flat=True).get(pk=receiver.pk)
        sent.append((receiver.pk, version, when))
    time.sleep(1)  # for a bus that publishes in a thread
    return sent


if __name__ == "__main__":
    django.setup()
    tasks: dict[str, Callable[..., object]] = {"prepare": prepare, "send": send}
    print(json.dumps(tasks[sys.argv[1]](*sys.argv[2:])))
