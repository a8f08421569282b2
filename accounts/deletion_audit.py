"""The deletion audit: what deleted accounts may have left in the database.

It walks over all models of the project, so a model that is added later is included.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.db.models import CharField
from django.db.models.functions import Cast

from accounts import deletion_ledger

# Every function here gives findings: a line of text for each.


def dangling_references() -> Iterator[str]:
    """Rows with a foreign key to a row that does not exist, and sessions of deleted people."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            existing = field.related_model._base_manager.values(field.target_field.attname)
            rows = model._base_manager.exclude(**{f"{field.attname}__isnull": True})
            dangling = rows.exclude(**{f"{field.attname}__in": existing})
            for pk in dangling.values_list("pk", flat=True):
                yield f"{model._meta.label} {pk}: {field.name} points to nothing"
    people = {str(pk) for pk in get_user_model().objects.values_list("pk", flat=True)}
    for session in Session.objects.iterator():
        user = session.get_decoded().get("_auth_user_id")
        if user is not None and user not in people:
            yield f"{Session._meta.label}: a session of account {user}, which does not exist"


def restored_accounts() -> Iterator[str]:
    """Deleted accounts that a backup brought back without the command `restore`."""
    for user in deletion_ledger.restored_accounts():
        yield f"{user._meta.label} {user.pk}: was deleted, and exists"


def rows_and_files_with(word: str) -> Iterator[str]:
    """Rows that contain `word` in any column, and files of the database that contain it."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey | models.AutoField | models.BooleanField):
                continue
            column = model._base_manager.annotate(_text=Cast(field.attname, CharField()))
            for pk in column.filter(_text__contains=word).values_list("pk", flat=True):
                yield f"{model._meta.label} {pk}: {field.name} holds {word!r}"
    for session in Session.objects.iterator():
        if word in repr(session.get_decoded()):
            yield f"{Session._meta.label}: a session holds {word!r}"
    for file in database_files():
        if word.encode() in file.read_bytes():
            yield f"{file.name}: holds {word!r}; run `manage.py optimize_search --rewrite`"


def database_files() -> list[Path]:
    """The files of a SQLite database. Those of PostgreSQL belong to its server: an empty list."""
    if connection.vendor != "sqlite":
        return []
    database = Path(str(connection.settings_dict["NAME"]))
    files = (database, *(database.with_name(f"{database.name}-{end}") for end in ("wal", "shm")))
    return [file for file in files if file.exists()]
