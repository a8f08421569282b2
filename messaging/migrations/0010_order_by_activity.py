"""The order of a conversation by its latest replies, which each person may choose."""

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
