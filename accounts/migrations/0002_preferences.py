import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "Follow the system"), ("light", "Light"), ("dark", "Dark")],
                        default="",
                        max_length=5,
                        verbose_name="theme",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True, default="", max_length=16, verbose_name="language"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True, default="", max_length=64, verbose_name="time zone"
                    ),
                ),
                (
                    "mail",
                    models.CharField(
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
                (
                    "read_on_sight",
                    models.BooleanField(
                        default=True, verbose_name="mark messages as read when I see them"
                    ),
                ),
                (
                    "single_keys",
                    models.BooleanField(default=True, verbose_name="single-key shortcuts"),
                ),
            ],
            options={
                "verbose_name_plural": "preferences",
            },
        ),
    ]
