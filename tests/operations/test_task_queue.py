"""Tasks that fail, tasks whose worker died, and tasks nobody has to know of any more."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from operations import task_queue
from operations.models import SILENCE, RunningWorker
from operations.worker import Pulse, look_after_queue, wait_for_tables

pytestmark = [pytest.mark.django_db, pytest.mark.db]

ran = []


@task()
def note(what, user_pk=None):
    ran.append(what)
    if what == "fail":
        raise ValueError("as it was told")


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()


@pytest.fixture
def work(monkeypatch):
    """Runs what is due, as `manage.py worker` does."""
    monkeypatch.setattr("operations.worker.PatientWorker.configure_signals", lambda self: None)
    monkeypatch.setattr(Pulse, "_beat_on", lambda self: None)
    # The connection holds the transaction of the test.
    monkeypatch.setattr(
        "django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None
    )

    def work(**options):
        call_command("worker", until_empty=True, **options)

    return work


def the_task():
    return DBTaskResult.objects.get()


def seconds_until(moment):
    return (moment - timezone.now()).total_seconds()


def test_what_was_asked_for_is_done_once(work):
    note.enqueue("this")
    work()
    work()

    assert ran == ["this"]


def test_a_task_of_a_change_that_was_taken_back_is_not_there():
    with transaction.atomic():
        note.enqueue("this")
        transaction.set_rollback(True)

    assert not DBTaskResult.objects.exists()


def test_what_fails_is_tried_again_after_longer_and_longer_waits_and_then_given_up(work):
    note.enqueue("fail")

    for number, wait in enumerate(task_queue.WAITS, start=1):
        work()
        assert len(ran) == number
        assert seconds_until(the_task().run_after) == pytest.approx(wait, abs=5)
        work()
        assert len(ran) == number  # not before its time
        DBTaskResult.objects.update(run_after=timezone.now())
    work()

    assert len(ran) == task_queue.ATTEMPTS
    assert the_task().status == "FAILED"
    assert task_queue.how_full().failed == 1


def left_running_by(worker_id, *, attempts=1):
    note.enqueue("this")
    DBTaskResult.objects.update(status="RUNNING", worker_ids=[worker_id] * attempts)


def test_what_a_dead_worker_left_is_run_by_another(work):
    RunningWorker.objects.create(pk="dead", seen_at=timezone.now() - timedelta(seconds=SILENCE + 1))
    left_running_by("dead")

    work()

    assert ran == ["this"]
    assert not RunningWorker.objects.filter(pk="dead").exists()


def test_what_a_living_worker_runs_is_left_to_it(work):
    RunningWorker.objects.create(pk="alive")
    left_running_by("alive")

    work()

    assert ran == []
    assert the_task().status == "RUNNING"


def test_a_worker_that_takes_anothers_place_need_not_wait_for_its_silence(work):
    RunningWorker.objects.create(pk="killed")
    left_running_by("killed")

    work(after="killed")

    assert ran == ["this"]
    assert not RunningWorker.objects.exists()  # this one has ended as it should


def test_a_task_that_kills_its_worker_comes_to_an_end(work):
    left_running_by("dead", attempts=task_queue.ATTEMPTS)

    work()

    assert ran == []
    assert the_task().status == "FAILED"


def test_what_is_done_is_forgotten_after_a_day_and_what_failed_after_a_week(work):
    now = timezone.now()
    for status, days in [("SUCCESSFUL", 0.9), ("SUCCESSFUL", 1.1), ("FAILED", 6), ("FAILED", 8)]:
        task_id = note.enqueue("this").id
        DBTaskResult.objects.filter(pk=task_id).update(
            status=status, finished_at=now - timedelta(days=days)
        )

    look_after_queue()

    assert sorted(DBTaskResult.objects.values_list("status", flat=True)) == [
        "FAILED",
        "SUCCESSFUL",
    ]


def test_an_account_that_goes_leaves_nothing_in_the_queue(ana, ben):
    note.enqueue("to ana", user_pk=ana.pk)
    note.enqueue("to ben", user_pk=ben.pk)

    ana.delete()

    assert the_task().args_kwargs["kwargs"] == {"user_pk": ben.pk}


def test_the_queue_tells_how_full_it_is():
    now = timezone.now()
    note.enqueue("due")
    note.using(run_after=now + timedelta(hours=1)).enqueue("later")
    note.using(run_after=now - timedelta(seconds=100)).enqueue("late")

    full = task_queue.how_full()

    assert (full.waiting, full.later, full.running, full.failed) == (2, 1, 0, 0)
    assert full.oldest == pytest.approx(100, abs=5)


def test_an_empty_queue_is_empty():
    assert task_queue.how_full() == (0, 0, 0, 0, 0.0)


def test_a_worker_waits_for_its_database_and_for_the_tables_in_it(monkeypatch, caplog):
    there = connection.introspection.django_table_names()
    refusals = [ImproperlyConfigured("There is no answer."), None, None]
    found = [[], there]  # in the database, at each look
    waited = []

    def ask():
        if refusal := refusals.pop(0):
            raise refusal

    monkeypatch.setattr("common.postgresql.ask", ask)
    monkeypatch.setattr(
        connection.introspection,
        "django_table_names",
        lambda only_existing=False: found.pop(0) if only_existing else there,
    )
    monkeypatch.setattr("operations.worker.connections.close_all", lambda: None)
    monkeypatch.setattr("operations.worker.time.sleep", waited.append)

    wait_for_tables()

    assert len(waited) == 2
    assert caplog.messages == [
        "There is no answer. The worker waits.",
        "The database has not been migrated yet. The worker waits.",
    ]
