"""The parts of `benchmarks.load` that need Django, and therefore a process of their own."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable

import django
from django.conf import settings

SENDERS = 16


def people(size: str) -> list[tuple[str, int]]:
    """The session keys of people who write, each with the id of a conversation."""
    from benchmarks.measure import sign_in
    from benchmarks.world_builder import landmarks

    at = landmarks(int(size), settings.DATA_DIR)
    return [(sign_in(person), conversation) for person, conversation in at.writers]


def senders(seconds: str) -> dict[str, object]:
    """The number of messages that sixteen threads send in a second, and the errors they met."""
    from django.contrib.auth import get_user_model
    from django.db import connections

    from messaging.models import Conversation
    from messaging.services import send_message

    conversations = list(Conversation.objects.order_by("-pk")[:SENDERS])
    users = get_user_model().objects.in_bulk({pk for one in conversations for pk in one.people_pks})
    counts = [0] * SENDERS
    errors: list[str] = []
    end = time.monotonic() + int(seconds)

    def send(number: int) -> None:
        one, other = conversations[number].people_pks
        try:
            while time.monotonic() < end:
                send_message(sender=users[one], receiver=users[other], content="See you there.")
                counts[number] += 1
        except Exception as error:  # the report names every error
            errors.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[number]) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"commits": sum(counts) / int(seconds), "errors": errors}


if __name__ == "__main__":
    django.setup()
    tasks: dict[str, Callable[..., object]] = {"people": people, "senders": senders}
    print(json.dumps(tasks[sys.argv[1]](*sys.argv[2:])))
