"""One transaction a service, and its locks in one order.

Locks are taken in this order only: conversations by id, mailboxes by user id, then participants,
messages and notifications, which nobody touches without the mailbox of one of their people. In
another order PostgreSQL finds deadlocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any

from django.db import OperationalError, models, transaction

from messaging.models import Participant

_turn = Lock()


def one_transaction(service):
    """One transaction for `service`, tried a second time after a deadlock.

    PostgreSQL ends one of two transactions that wait for each other; the other is through by
    the time the first starts again.
    """

    @wraps(service)
    def retried(*args: Any, **kwargs: Any) -> Any:
        outermost = not transaction.get_connection().in_atomic_block
        try:
            with _own_turn(), transaction.atomic():
                return service(*args, **kwargs)
        except OperationalError as error:
            if not outermost or "deadlock" not in str(error):
                raise
        with transaction.atomic():
            return service(*args, **kwargs)

    return retried


@contextmanager
def _own_turn() -> Iterator[None]:
    """The writers of one process, one after the other, where the database is SQLite.

    Who finds it busy there sleeps, asks again, and finds it busy with whoever came meanwhile: of
    ten that write without a pause, one send in a hundred took two seconds and some took eight.
    Other processes are left to SQLite, and so is everybody once the wait has been too long.
    """
    connection = transaction.get_connection()
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    took = _turn.acquire(timeout=connection.settings_dict["OPTIONS"].get("timeout", 5))
    try:
        yield
    finally:
        if took:
            _turn.release()


def lock(rows: models.QuerySet) -> set[int]:
    """Lock `rows` by ascending id until the transaction ends. Returns their ids, if it had to."""
    # SQLite has one writer at a time: whoever is here holds the lock already.
    if not transaction.get_connection().features.has_select_for_update:
        return set()
    locked = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    return set(locked.values_list("pk", flat=True))


def people_in(conversations: list[int]) -> set[int]:
    """The ids of the people who take part in any of `conversations`."""
    people: set[int] = set()
    for some in in_chunks(conversations):
        members = Participant.objects.filter(conversation__in=some)
        people.update(members.values_list("user_id", flat=True))
    return people


def in_chunks(pks: list[int], size: int = 1000) -> Iterable[list[int]]:
    """`pks`, a thousand at a time: databases limit the parameters of one statement."""
    return (pks[start : start + size] for start in range(0, len(pks), size))
