from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_mailbox_language")]

    operations = [
        # Nullable and without a default: SQLite adds the column in place. Otherwise Django would
        # copy the table, which takes 40 s at a million messages.
        migrations.AddField(
            model_name="message",
            name="text_version",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
    ]
