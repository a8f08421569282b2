"""Failed tasks are retried, abandoned tasks are taken up, and old tasks are deleted."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from operations import task_queue
from operations.models import DEAD_AFTER, RunningWorker
from operations.worker import Heartbeat, maintain_queue, wait_for_tables

pytestmark = [pytest.mark.django_db, pytest.mark.db]

ran = []


@task()
def note(text, user_pk=None):
    ran.append(text)
    if text == "fail":
        raise ValueError("as requested")


@pytest.fixture(autouse=True)
def _nothing_ran():
    ran.clear()


@pytest.fixture
def work(monkeypatch):
    """Runs the due tasks, as `manage.py worker` does."""
    monkeypatch.setattr("operations.worker.ReconnectingWorker.configure_signals", lambda self: None)
    monkeypatch.setattr(Heartbeat, "_beat_until_stopped", lambda self: None)
    # The connection holds the transaction of the test.
    monkeypatch.setattr(
        "django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None
    )

    def work(**options):
        call_command("worker", until_empty=True, **options)

    return work


def only_task():
    return DBTaskResult.objects.get()


def seconds_until(moment):
    return (moment - timezone.now()).total_seconds()


def test_an_enqueued_task_runs_once(work):
    note.enqueue("this")
    work()
    work()

    assert ran == ["this"]


def test_a_task_is_not_enqueued_if_its_transaction_is_rolled_back():
    with transaction.atomic():
        note.enqueue("this")
        transaction.set_rollback(True)

    assert not DBTaskResult.objects.exists()


def test_a_failed_task_is_retried_after_longer_and_longer_waits_and_then_stays_failed(work):
    note.enqueue("fail")

    for number, wait in enumerate(task_queue.WAITS, start=1):
        work()
        assert len(ran) == number
        assert seconds_until(only_task().run_after) == pytest.approx(wait, abs=5)
        work()
        assert len(ran) == number  # it is not due yet
        DBTaskResult.objects.update(run_after=timezone.now())
    work()

    assert len(ran) == task_queue.ATTEMPTS
    assert only_task().status == "FAILED"
    assert task_queue.task_counts().failed == 1


def left_running_by(worker_id, *, attempts=1):
    note.enqueue("this")
    DBTaskResult.objects.update(status="RUNNING", worker_ids=[worker_id] * attempts)


def test_another_worker_runs_the_task_of_a_dead_worker(work):
    RunningWorker.objects.create(
        pk="dead", seen_at=timezone.now() - timedelta(seconds=DEAD_AFTER + 1)
    )
    left_running_by("dead")

    work()

    assert ran == ["this"]
    assert not RunningWorker.objects.filter(pk="dead").exists()


def test_the_task_of_a_living_worker_is_left_to_it(work):
    RunningWorker.objects.create(pk="alive")
    left_running_by("alive")

    work()

    assert ran == []
    assert only_task().status == "RUNNING"


def test_a_worker_that_replaces_another_takes_up_its_task_at_once(work):
    RunningWorker.objects.create(pk="killed")
    left_running_by("killed")

    work(after="killed")

    assert ran == ["this"]
    assert not RunningWorker.objects.exists()  # the worker of this test has ended normally


def test_a_task_that_kills_its_worker_each_time_is_marked_as_failed(work):
    left_running_by("dead", attempts=task_queue.ATTEMPTS)

    work()

    assert ran == []
    assert only_task().status == "FAILED"


def test_successful_tasks_are_deleted_after_a_day_and_failed_ones_after_a_week(work):
    now = timezone.now()
    for status, days in [("SUCCESSFUL", 0.9), ("SUCCESSFUL", 1.1), ("FAILED", 6), ("FAILED", 8)]:
        task_id = note.enqueue("this").id
        DBTaskResult.objects.filter(pk=task_id).update(
            status=status, finished_at=now - timedelta(days=days)
        )

    maintain_queue()

    assert sorted(DBTaskResult.objects.values_list("status", flat=True)) == [
        "FAILED",
        "SUCCESSFUL",
    ]


def test_the_tasks_of_a_deleted_account_are_deleted(ana, ben):
    note.enqueue("to ana", user_pk=ana.pk)
    note.enqueue("to ben", user_pk=ben.pk)

    ana.delete()

    assert only_task().args_kwargs["kwargs"] == {"user_pk": ben.pk}


def test_the_tasks_are_counted_by_state():
    now = timezone.now()
    note.enqueue("due")
    note.using(run_after=now + timedelta(hours=1)).enqueue("later")
    note.using(run_after=now - timedelta(seconds=100)).enqueue("late")

    counts = task_queue.task_counts()

    assert (counts.waiting, counts.later, counts.running, counts.failed) == (2, 1, 0, 0)
    assert counts.oldest_wait == pytest.approx(100, abs=5)


def test_an_empty_queue_has_no_tasks():
    assert task_queue.task_counts() == (0, 0, 0, 0, 0.0)


def test_a_worker_waits_for_its_database_and_for_its_tables(monkeypatch, caplog):
    all_tables = connection.introspection.django_table_names()
    refusals = [ImproperlyConfigured("There is no answer."), None, None]
    found = [[], all_tables]  # in the database, for each query
    waited = []

    def check_connection():
        if refusal := refusals.pop(0):
            raise refusal

    monkeypatch.setattr("common.postgresql.check_connection", check_connection)
    monkeypatch.setattr(
        connection.introspection,
        "django_table_names",
        lambda only_existing=False: found.pop(0) if only_existing else all_tables,
    )
    monkeypatch.setattr("operations.worker.connections.close_all", lambda: None)
    monkeypatch.setattr("operations.worker.time.sleep", waited.append)

    wait_for_tables()

    assert len(waited) == 2
    assert caplog.messages == [
        "There is no answer. The worker waits.",
        "The database has not been migrated yet. The worker waits.",
    ]
