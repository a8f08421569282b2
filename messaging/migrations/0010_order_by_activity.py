"""The order of a conversation by its latest replies, and a bell for replies alone."""

from django.db import migrations, models
from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def store_newest_replies(apps, schema_editor):
    messages = apps.get_model("messaging", "Message")._base_manager.using(
        schema_editor.connection.alias
    )
    # From the replies, whose index leads to the roots that have any.
    answered = messages.filter(thread__isnull=False).values("thread")
    replies = messages.filter(thread=OuterRef("pk")).order_by().values("thread")
    newest = replies.annotate(newest=Max("pk")).values("newest")
    messages.filter(pk__in=answered).update(newest_reply=Subquery(newest))


def name_replies_to_oneself_messages(apps, schema_editor):
    """The bell tells a person of replies to what they wrote, and of no others."""
    notifications = apps.get_model("messaging", "Notification")._base_manager.using(
        schema_editor.connection.alias
    )
    own = notifications.filter(kind="reply").exclude(
        message__parent_message__sender=models.F("user")
    )
    notifications.filter(pk__in=own.values("pk")).update(kind="message")


class Migration(migrations.Migration):
    # PostgreSQL makes no index on a table whose rows were changed in the same transaction.
    atomic = False

    dependencies = [("messaging", "0009_drafts")]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="by_activity",
            field=models.BooleanField(default=False),
        ),
        # Nullable and without a default: SQLite adds the column in place, without a copy of the table.
        migrations.AddField(
            model_name="message",
            name="newest_reply",
            field=models.PositiveBigIntegerField(editable=False, null=True),
        ),
        migrations.RunPython(store_newest_replies, migrations.RunPython.noop),
        migrations.RunPython(name_replies_to_oneself_messages, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="notification", name="notification_newest"),
        migrations.RemoveIndex(model_name="notification", name="notification_unread"),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index("user", "kind", models.F("id").desc(), name="notification_newest"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index("user", "kind", "read", name="notification_unread"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                "conversation",
                Coalesce("newest_reply", "id", output_field=models.BigIntegerField()).desc(),
                condition=Q(("parent_message__isnull", True)),
                name="message_roots_by_activity",
            ),
        ),
    ]
