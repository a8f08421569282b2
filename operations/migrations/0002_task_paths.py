"""Tasks that wait in the queue name their functions, which have moved to other modules."""

from django.db import migrations

MOVED = {
    "accounts.tasks.send_notice": "accounts.mail_notifications.send_mail_notification",
    "messaging.tasks.erase_account": "messaging.services.batched_deletion.delete_hidden_account",
}


def rename(apps, schema_editor, paths):
    tasks = apps.get_model("django_tasks_database", "DBTaskResult").objects
    for old, new in paths.items():
        waiting = tasks.using(schema_editor.connection.alias).filter(task_path=old)
        waiting.update(task_path=new)


def forwards(apps, schema_editor):
    rename(apps, schema_editor, MOVED)


def backwards(apps, schema_editor):
    rename(apps, schema_editor, {new: old for old, new in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_worker"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
