import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("messaging", "0002_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedAccount",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("touched_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name="mailbox",
            name="mail",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "Never"),
                    ("at_once", "At once"),
                    ("later", "When I have not read it after a quarter of an hour"),
                ],
                default="",
                max_length=7,
                verbose_name="mail",
            ),
        ),
        migrations.AddField(
            model_name="participant",
            name="mail_pending",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="participant",
            name="mailed_up_to",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name="ErasedConversation",
            fields=[
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="messaging.conversation",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="messaging.erasedaccount",
                    ),
                ),
            ],
        ),
    ]
