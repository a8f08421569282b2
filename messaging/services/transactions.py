"""One transaction for each service, and one order of locks.

Locks are taken in this order only: conversations by id, mailboxes by user id, then participants,
messages and notifications. A transaction changes a row of the last three only after it has locked
the mailbox of one of their people. In another order PostgreSQL finds deadlocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, models, transaction

from messaging.models import Participant

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

_write_lock = Lock()


def one_transaction(service: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Run `service` in one transaction, and a second time after a deadlock.

    PostgreSQL aborts one of two transactions that wait for each other. The other one has committed
    by the time the aborted one starts again.
    """

    @wraps(service)
    def retried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        outermost = not transaction.get_connection().in_atomic_block
        try:
            with _one_writer_at_a_time(), transaction.atomic():
                return service(*args, **kwargs)
        except OperationalError as error:
            if not outermost or "deadlock" not in str(error):
                raise
        with transaction.atomic():
            return service(*args, **kwargs)

    return retried


@contextmanager
def _one_writer_at_a_time() -> Iterator[None]:
    """Let the threads of this process write one after the other, if the database is SQLite.

    A thread that finds SQLite busy sleeps, tries again, and finds it busy with a thread that came
    later: of ten threads that wrote without a pause, one send in a hundred took two seconds and
    some took eight. SQLite itself decides between processes, and between threads once a thread has
    waited for longer than the time-out.
    """
    connection = transaction.get_connection()
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    acquired = _write_lock.acquire(timeout=connection.settings_dict["OPTIONS"].get("timeout", 5))
    try:
        yield
    finally:
        if acquired:
            _write_lock.release()


def lock(rows: models.QuerySet[Any]) -> set[int]:
    """Lock `rows` by ascending id until the transaction ends. Returns their ids.

    On SQLite nothing needs a lock, and the set is empty.
    """
    # SQLite has one writer at a time: a transaction that writes holds the only lock.
    if not transaction.get_connection().features.has_select_for_update:
        return set()
    locked = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    return set(locked.values_list("pk", flat=True))


def people_in(conversations: list[int]) -> set[int]:
    """The ids of the people who take part in any of `conversations` (ids)."""
    people: set[int] = set()
    for some in in_chunks(conversations):
        members = Participant.objects.filter(conversation__in=some)
        people.update(members.values_list("user_id", flat=True))
    return people


def in_chunks(pks: list[int], size: int = 1000) -> Iterable[list[int]]:
    """`pks`, `size` at a time: databases limit the number of parameters of a statement."""
    return (pks[start : start + size] for start in range(0, len(pks), size))
