"""The tables of accounts that are being deleted take the word that all other code uses."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_text_version")]

    operations = [
        migrations.RenameModel("ErasedAccount", "DeletedAccount"),
        migrations.RenameModel("ErasedConversation", "DeletedConversation"),
    ]
