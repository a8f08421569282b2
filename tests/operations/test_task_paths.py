"""A waiting task whose function has moved to another module runs after the upgrade."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.utils.module_loading import import_string
from django_tasks_db.models import DBTaskResult

from messaging.services.batched_deletion import delete_hidden_account

pytestmark = [pytest.mark.django_db, pytest.mark.db]

migration = import_module("operations.migrations.0002_task_paths")


@pytest.mark.parametrize("old", migration.MOVED)
def test_the_path_of_a_waiting_task_changes_and_changes_back(old):
    waiting = delete_hidden_account.enqueue(account_pk=7)
    DBTaskResult.objects.filter(pk=waiting.id).update(task_path=old)

    editor = SimpleNamespace(connection=connection)
    migration.forwards(apps, editor)
    path = DBTaskResult.objects.get().task_path
    assert path == migration.MOVED[old]
    assert import_string(path).module_path == path

    migration.backwards(apps, editor)
    assert DBTaskResult.objects.get().task_path == old
