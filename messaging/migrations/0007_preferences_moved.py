"""Preferences belong to the accounts app. Its migration 0003 copies them and runs before this one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("messaging", "0006_deleted_accounts")]

    operations = [
        migrations.RemoveField("mailbox", "theme"),
        migrations.RemoveField("mailbox", "time_zone"),
        migrations.RemoveField("mailbox", "mail"),
        migrations.RemoveField("mailbox", "language"),
        migrations.RemoveField("mailbox", "read_on_sight"),
        migrations.RemoveField("mailbox", "single_keys"),
    ]
