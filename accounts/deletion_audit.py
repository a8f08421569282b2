"""What may be left of an account that is gone, found by looking at every model there is.

Models are walked by introspection: one that is added later is looked at without being named here.
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


def dangling() -> Iterator[str]:
    """Rows that point to a row which is not there, and sessions of people who are not."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            there = field.related_model._base_manager.values(field.target_field.attname)
            rows = model._base_manager.exclude(**{f"{field.attname}__isnull": True})
            for pk in rows.exclude(**{f"{field.attname}__in": there}).values_list("pk", flat=True):
                yield f"{model._meta.label} {pk}: {field.name} points to nothing"
    people = {str(pk) for pk in get_user_model().objects.values_list("pk", flat=True)}
    for session in Session.objects.iterator():
        user = session.get_decoded().get("_auth_user_id")
        if user is not None and user not in people:
            yield f"{Session._meta.label}: a session of account {user}"


def came_back() -> Iterator[str]:
    """Accounts that were deleted and are there again, from a backup that `restore` did not see."""
    for user in deletion_ledger.came_back():
        yield f"{user._meta.label} {user.pk}: was deleted, and is there"


def holding(word: str) -> Iterator[str]:
    """Where `word` stands: in a row, whatever its column, or in a file of the database."""
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
    for file in files():
        if word.encode() in file.read_bytes():
            yield f"{file.name}: holds {word!r}; run `manage.py optimize_search --rewrite`"


def files() -> list[Path]:
    """The files of a SQLite database. PostgreSQL's belong to its server, which cleans them up."""
    if connection.vendor != "sqlite":
        return []
    database = Path(str(connection.settings_dict["NAME"]))
    beside = (database, *(database.with_name(f"{database.name}-{end}") for end in ("wal", "shm")))
    return [file for file in beside if file.exists()]
