"""The order of a conversation by its latest replies, which each person may choose."""

from django.db import migrations, models


class Migration(migrations.Migration):
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
    ]
