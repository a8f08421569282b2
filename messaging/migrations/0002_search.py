"""The index that messages are found by. `messaging/search/` says what it is on which database.

It belongs to no model: Django neither makes nor changes it. Afterwards `keep_index` sees to it
that it stays as the code expects, so this only makes it, or takes it away.
"""

from django.db import migrations

from messaging.search.index import BACKENDS


def create(apps, schema_editor):
    index = BACKENDS.get(schema_editor.connection.vendor)
    if index:
        index.create(schema_editor.connection)


def drop(apps, schema_editor):
    index = BACKENDS.get(schema_editor.connection.vendor)
    if index:
        index.drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
