"""The search index. No migration makes it: `messaging.search.keep_index` does, after `migrate`.

It belongs to no model, and what it holds follows the code of the release, which a migration must
not import: a column that the index reads later would break this migration on every new database.
"""

from django.db import migrations

SQLITE = """
DROP TRIGGER IF EXISTS messaging_search_insert;
DROP TRIGGER IF EXISTS messaging_search_update;
DROP TRIGGER IF EXISTS messaging_search_delete;
DROP TABLE IF EXISTS messaging_search;
"""
POSTGRESQL = """
DROP TRIGGER IF EXISTS messaging_search_row ON messaging_message;
DROP TRIGGER IF EXISTS messaging_search_truncate ON messaging_message;
DROP TABLE IF EXISTS messaging_search;
DROP FUNCTION IF EXISTS messaging_search_keep, messaging_search_document, messaging_search_words;
"""


def drop(apps, schema_editor):
    script = {"sqlite": SQLITE, "postgresql": POSTGRESQL}.get(schema_editor.connection.vendor, "")
    for statement in script.strip().split(";\n"):
        if statement:
            schema_editor.execute(statement.rstrip(";"))


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.RunPython(migrations.RunPython.noop, drop)]
