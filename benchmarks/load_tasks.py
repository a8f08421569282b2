"""What `benchmarks.load` does with Django's settings, and therefore in a process of its own."""

from __future__ import annotations

import json
import sys
import threading
import time

import django
from django.conf import settings

SENDERS = 16


def people(size: str) -> list[tuple[str, int]]:
    """Sessions of people who write, each with a conversation to write in."""
    from benchmarks.build import landmarks
    from benchmarks.measure import sign_in

    at = landmarks(int(size), settings.DATA_DIR)
    return [(sign_in(person), conversation) for person, conversation in at.writers]


def senders(seconds: str) -> dict[str, object]:
    """How many messages a second sixteen threads send, and what errors they met."""
    from django.contrib.auth import get_user_model
    from django.db import connections

    from messaging.models import Conversation
    from messaging.services import send_message

    pairs = list(Conversation.objects.order_by("-pk")[:SENDERS])
    users = get_user_model().objects.in_bulk({pk for pair in pairs for pk in pair.people_pks})
    counts = [0] * SENDERS
    errors: list[str] = []
    last = time.monotonic() + int(seconds)

    def send(place: int) -> None:
        one, other = pairs[place].people_pks
        try:
            while time.monotonic() < last:
                send_message(sender=users[one], receiver=users[other], content="See you there.")
                counts[place] += 1
        except Exception as error:  # every one is told, whatever it is
            errors.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[place]) for place in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"commits": sum(counts) / int(seconds), "errors": errors}


if __name__ == "__main__":
    django.setup()
    print(json.dumps({"people": people, "senders": senders}[sys.argv[1]](*sys.argv[2:])))
