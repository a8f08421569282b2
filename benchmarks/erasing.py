"""`python -m benchmarks.erasing`: how long deleting a large account keeps others waiting.

An account with many messages is deleted. The first step hides all of them; batches then remove the
rows, while somebody else sends one message after the other. Printed are the time of the first
step, how long batches held their locks, and how long a send took before and meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from tests.services_fixture import NotHere, make_database, postgres

CONVERSATIONS = 50
SENDS = 200  # before the deletion

HEADINGS = (
    *("database", "messages", "first step ms", "batches", "of messages", "p50 ms", "longest ms"),
    *("in all s", "send p50 ms", "p99", "meanwhile p50 ms", "p99", "longest"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.erasing", description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--backend", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "CACHE_URL": "",
            "LOG_LEVEL": "ERROR",
        }
        if options.backend == "postgresql":
            try:
                server = stack.enter_context(postgres(durable=True))
            except NotHere as missing:
                print(f"{missing} is not on this machine", file=sys.stderr)
                return 1
            os.environ["DATABASE_URL"] = make_database(server, "parley")
        import django

        django.setup()
        cells = [options.backend, f"{options.messages:,}", *_measure(options.messages)]
    print(f"| {' | '.join(HEADINGS)} |\n|---|{'--:|' * (len(HEADINGS) - 1)}")
    print(f"| {' | '.join(cells)} |")
    return 0


def _measure(messages: int) -> list[str]:
    from django.core.management import call_command
    from django.db import connections

    from messaging.services import batched_deletion

    call_command("migrate", verbosity=0, interactive=False)
    person, others = _people(messages)
    # The task is carried out here, batch by batch.
    before = [_took(lambda: _send(*others)) for _ in range(SENDS)]
    pk = person.pk
    first = _took(person.delete)
    batches: list[tuple[float, int]] = []
    erase = batched_deletion._delete_batch

    def timed(account: int, size: int) -> bool:
        began = time.perf_counter()
        left = erase(account, size)
        batches.append((time.perf_counter() - began, size))
        return left

    batched_deletion._delete_batch = timed
    meanwhile: list[float] = []
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            meanwhile.append(_took(lambda: _send(*others)))
            time.sleep(0.02)
        connections.close_all()

    sender = threading.Thread(target=send)
    began = time.perf_counter()
    sender.start()
    while batched_deletion.delete_batches(pk):
        pass
    whole = time.perf_counter() - began
    over.set()
    sender.join()
    connections.close_all()
    times = sorted(took for took, _size in batches)
    sizes = sorted(size for _took, size in batches)
    return [
        *(_ms(first), str(len(batches)), f"{sizes[len(sizes) // 2]}"),
        *(_ms(_at(times, 0.5)), _ms(times[-1]), f"{whole:.1f}"),
        *(_ms(_at(sorted(before), share)) for share in (0.5, 0.99)),
        *(_ms(_at(sorted(meanwhile), share)) for share in (0.5, 0.99, 1)),
    ]


def _people(messages: int) -> tuple[Any, tuple[Any, Any]]:
    """Somebody with so many messages, and two who have nothing to do with them."""
    from django.contrib.auth import get_user_model

    from messaging.models import Conversation, Message, MessageHistory, Notification

    user = get_user_model()
    names = ("person", "one", "other", *(f"friend{n}" for n in range(CONVERSATIONS)))
    person, one, other, *friends = (user.objects.create(username=name) for name in names)
    each = messages // CONVERSATIONS
    for friend in friends:
        conversation = Conversation.objects.between(person, friend)
        roots = Message.objects.bulk_create(
            Message(sender=friend, receiver=person, content="As ever.", conversation=conversation)
            for _ in range(each // 2)
        )
        replies = Message.objects.bulk_create(
            Message(
                sender=person,
                receiver=friend,
                content="See you there.",
                conversation=conversation,
                parent_message=root,
                thread=root,
            )
            for root in roots
        )
        made = [*roots, *replies]
        Notification.objects.bulk_create(
            Notification(user_id=message.receiver_id, message=message) for message in made
        )
        MessageHistory.objects.bulk_create(
            MessageHistory(message=message, old_content="As", edited_by_id=message.sender_id)
            for message in made[::10]
        )
    return person, (one, other)


def _send(sender: Any, receiver: Any) -> None:
    from messaging.services import send_message

    send_message(sender=sender, receiver=receiver, content="See you there.")


def _took(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _at(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


if __name__ == "__main__":
    sys.exit(main())
