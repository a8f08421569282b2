"""`python -m benchmarks.account_deletion`: how long the deletion of a large account blocks others.

It deletes an account with many messages. The first step hides all of them. Batches then delete the
rows, while another person sends one message after the other. It prints the time of the first step,
how long batches held their locks, and how long a send took before and during the deletion.
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
    *("in all s", "send p50 ms", "p99", "during p50 ms", "p99", "longest"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.account_deletion", description=__doc__
    )
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
                print(f"Nothing is measured: {missing} is not available.", file=sys.stderr)
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
    before = [_seconds(lambda: _send(*others)) for _ in range(SENDS)]
    pk = person.pk
    first_step = _seconds(person.delete)
    batches: list[tuple[float, int]] = []  # seconds and size
    delete_batch = batched_deletion._delete_batch

    def timed(user_pk: int, size: int) -> bool:
        started = time.perf_counter()
        left = delete_batch(user_pk, size)
        batches.append((time.perf_counter() - started, size))
        return left

    batched_deletion._delete_batch = timed
    during: list[float] = []
    finished = threading.Event()

    def send() -> None:
        while not finished.is_set():
            during.append(_seconds(lambda: _send(*others)))
            time.sleep(0.02)
        connections.close_all()

    sender = threading.Thread(target=send)
    started = time.perf_counter()
    sender.start()
    # The work of the task, here instead of in a worker.
    while batched_deletion.delete_batches(pk):
        pass
    total = time.perf_counter() - started
    finished.set()
    sender.join()
    connections.close_all()
    times = sorted(seconds for seconds, _size in batches)
    sizes = sorted(size for _seconds, size in batches)
    return [
        *(_ms(first_step), str(len(batches)), f"{sizes[len(sizes) // 2]}"),
        *(_ms(_percentile(times, 0.5)), _ms(times[-1]), f"{total:.1f}"),
        *(_ms(_percentile(sorted(before), share)) for share in (0.5, 0.99)),
        *(_ms(_percentile(sorted(during), share)) for share in (0.5, 0.99, 1)),
    ]


def _people(messages: int) -> tuple[Any, tuple[Any, Any]]:
    """A person with this number of messages, and two people who have no part in them."""
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


def _seconds(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _percentile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


if __name__ == "__main__":
    sys.exit(main())
