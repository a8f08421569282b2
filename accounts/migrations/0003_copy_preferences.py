"""Copy the preferences of each person from their mailbox, and back when this is reversed."""

from itertools import islice

from django.db import migrations

BATCH = 1_000  # rows that are in memory at once

FIELDS = ("theme", "time_zone", "mail", "language", "read_on_sight", "single_keys")


def copy(source, target, alias):
    rows = source.objects.using(alias).order_by("pk").values("user_id", *FIELDS).iterator(BATCH)
    while batch := [target(**row) for row in islice(rows, BATCH)]:
        target.objects.using(alias).bulk_create(
            batch, update_conflicts=True, unique_fields=["user"], update_fields=FIELDS
        )


def forwards(apps, schema_editor):
    mailbox = apps.get_model("messaging", "Mailbox")
    preferences = apps.get_model("accounts", "Preferences")
    copy(mailbox, preferences, schema_editor.connection.alias)


def backwards(apps, schema_editor):
    mailbox = apps.get_model("messaging", "Mailbox")
    preferences = apps.get_model("accounts", "Preferences")
    copy(preferences, mailbox, schema_editor.connection.alias)


class Migration(migrations.Migration):
    # The last migration of messaging in which a mailbox has preferences, and the one that removes
    # them.
    dependencies = [
        ("accounts", "0002_preferences"),
        ("messaging", "0006_deleted_accounts"),
    ]
    run_before = [("messaging", "0007_preferences_moved")]

    operations = [migrations.RunPython(forwards, backwards)]
