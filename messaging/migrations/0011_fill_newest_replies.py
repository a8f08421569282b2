"""What the rows of before get in the new columns, and a bell for replies alone."""

from django.db import migrations, models
from django.db.models import Max, OuterRef, Subquery


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
    dependencies = [("messaging", "0010_order_by_activity")]

    operations = [
        migrations.RunPython(store_newest_replies, migrations.RunPython.noop),
        migrations.RunPython(name_replies_to_oneself_messages, migrations.RunPython.noop),
    ]
