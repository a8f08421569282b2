from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("messaging", "0011_fill_newest_replies")]

    operations = [
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
