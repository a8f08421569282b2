"""Whoever locks several rows takes the one with the lowest id first, however they lie: of two who
took the same rows in two orders, each would wait for the other.
"""

import time
from threading import Thread

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.models import F

from messaging.models import Conversation, Mailbox
from messaging.services.transactions import lock
from tests.factories import MessageFactory, UserFactory

pytestmark = [pytest.mark.db, pytest.mark.django_db(transaction=True)]

PATIENCE = 30  # seconds
AS_THEY_LIE = "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off"
WAITS_FOR_US = (
    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def assert_in_order(model, pks, take):
    """Whoever takes `pks` has all the others while they wait for the highest one."""
    *others, highest = sorted(pks)
    if not connection.features.has_select_for_update:
        return  # SQLite has one writer at a time, and nothing to put in order
    # A row that is written again lies behind the others.
    model.objects.filter(pk__in=others).update(version=F("version") + 1)
    met = []

    def taking():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(AS_THEY_LIE)
                take()
        except Exception as error:  # the test looks at what this thread met
            met.append(error)
        finally:
            connections.close_all()

    somebody = Thread(target=taking)
    with transaction.atomic(), connection.cursor() as cursor:
        model.objects.select_for_update().get(pk=highest)
        somebody.start()
        end, waiting = time.monotonic() + PATIENCE, 0
        while not waiting and time.monotonic() < end and somebody.is_alive():
            waiting = cursor.execute(WAITS_FOR_US).fetchone()[0]
        free = [pk for pk in others if is_free(model, pk)]
    somebody.join(PATIENCE)

    assert waiting, "nobody waited"
    assert free == []
    assert met == []


def is_free(model, pk):
    try:
        with transaction.atomic():
            model.objects.select_for_update(nowait=True).get(pk=pk)
    except OperationalError:
        return False
    return True


@pytest.mark.parametrize("number", [2, 3])
def test_mailboxes_are_locked_by_ascending_id(number):
    pks = [UserFactory().pk for _ in range(number)]
    assert_in_order(Mailbox, pks, lambda: Mailbox.objects.raise_versions(reversed(pks)))


def test_what_services_lock_is_locked_by_ascending_id(ana):
    pks = [MessageFactory(sender=ana).conversation_id for _ in range(4)]
    assert_in_order(Conversation, pks, lambda: lock(Conversation.objects.filter(pk__in=pks)))
