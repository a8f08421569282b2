"""The folded names. `messaging.folded_names.fold_missing` fills the table after `migrate`."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("messaging", "0007_preferences_moved"),
    ]

    operations = [
        migrations.CreateModel(
            name="FoldedNames",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="folded_names",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("names", models.TextField(editable=False)),
                ("folding", models.PositiveSmallIntegerField(editable=False)),
            ],
            options={"verbose_name_plural": "folded names"},
        ),
    ]
