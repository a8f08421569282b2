"""Writes the made-up world into a database, once, and finds it there again.

Straight into the tables, without models or signals: a million messages take a minute or two.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction

from benchmarks import rows
from benchmarks.rows import Landmarks, World
from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.search.index import without_index

BATCH = 20_000  # rows written at a time


def landmarks(size: int, folder: Path) -> Landmarks:
    """What is measured in this process's database, which has `size` messages afterwards.

    `folder` holds a note of what was built, and with which schema. Another schema, or another
    recipe, is another world: it is built anew.
    """
    note = folder / "landmarks.json"
    current = stamp()
    if note.exists():
        noted = json.loads(note.read_text())
        if noted.pop("stamp") == current:
            found = Landmarks(**noted)
            _forget_what_was_sent(found)
            return found
        note.unlink()
    print(f"  building {size:,} messages on {connection.vendor} ...", end="", flush=True)
    began = time.monotonic()
    empty()
    built = _write(World(size))
    built.write(note, stamp=current)
    print(f" {time.monotonic() - began:.0f} s", flush=True)
    return built


def stamp() -> str:
    digest = sha256()
    migrations = [
        path
        for app in ("messaging", "accounts", "chats")
        for path in Path(apps.get_app_config(app).path).glob("migrations/*.py")
    ]
    for path in sorted([*migrations, Path(rows.__file__)]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def empty() -> None:
    if connection.vendor == "sqlite":
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{settings.DATABASES['default']['NAME']}{suffix}").unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    call_command("migrate", verbosity=0, interactive=False)


def _write(world: World) -> Landmarks:
    with unguarded():
        write_people(world)
        messages = world.messages()
        while batch := list(islice(messages, BATCH)):
            insert(Message, rows.MESSAGE_COLUMNS, batch)
            insert(Notification, rows.NOTIFICATION_COLUMNS, world.notifications)
            world.notifications.clear()
        insert(MessageHistory, rows.HISTORY_COLUMNS, world.histories)
        write_conversations(world)
    return world.landmarks


@contextmanager
def unguarded() -> Iterator[None]:
    """Rows are written as fast as they can be, and all that keeps them is made afterwards."""
    _guard(False)
    with without_index(), _without_indexes():
        yield
    _guard(True)
    _finish()


# What is made by a statement of its own, and can be made again by it.
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
    "AND tbl_name LIKE 'messaging_%'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'messaging_%' "
    "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}


@contextmanager
def _without_indexes() -> Iterator[None]:
    """A row that is written alone finds its place in each of nine indexes; rows that are all there
    are sorted once.
    """
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES[connection.vendor])
        found = cursor.fetchall()
        for name, _sql in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, sql in found:
            cursor.execute(sql)


def _guard(guarded: bool) -> None:
    """What is made here needs neither checking nor saving from a power cut."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA foreign_keys = {'ON' if guarded else 'OFF'}")
            cursor.execute(f"PRAGMA synchronous = {'FULL' if guarded else 'OFF'}")
            cursor.execute(f"PRAGMA secure_delete = {'ON' if guarded else 'OFF'}")
            cursor.execute(f"PRAGMA cache_size = {-2_000 if guarded else -800_000}")  # KiB, to sort
        else:
            role = "origin" if guarded else "replica"
            cursor.execute(f"SET session_replication_role = {role}")


def write_people(world: World) -> None:
    model = get_user_model()
    people = [
        model(pk=pk, username=f"person{pk}", first_name=f"Person {pk}", password="!")  # noqa: S106
        for pk in range(1, world.people + 1)
    ]
    model.objects.bulk_create(people, batch_size=1000)
    Mailbox.objects.bulk_create((Mailbox(user=one) for one in people), batch_size=1000)


def write_conversations(world: World) -> None:
    last = world.last_message
    never = "2024-01-01 00:00:00"
    insert(
        Conversation,
        rows.CONVERSATION_COLUMNS,
        (
            (number, f"{one}:{other}", *_version_and_last(last.get(number)), never)
            for number, (one, other) in enumerate(world.pairs, 1)
        ),
    )
    insert(
        Participant,
        rows.PARTICIPANT_COLUMNS,
        (
            (number, person, last.get(number, (0, never))[1], 0, False, 0)
            for number, pair in enumerate(world.pairs, 1)
            for person in pair
        ),
    )


def _version_and_last(last: tuple[int, str] | None) -> tuple[int, int | None]:
    return (last[0], last[0]) if last else (0, None)


@transaction.atomic
def insert(
    model: type[models.Model], columns: tuple[str, ...], values: Iterable[tuple[Any, ...]]
) -> None:
    table = f"{connection.ops.quote_name(model._meta.db_table)} ({', '.join(columns)})"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608
        else:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)


def _finish() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # What a server that has run for a while has: a settled log, and known statistics.
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("ANALYZE")
        else:
            for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
                cursor.execute(statement)
            cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def _forget_what_was_sent(found: Landmarks) -> None:
    """Take away what earlier measurements sent, so that each begins with the same world."""
    newer = Message.objects.filter(pk__gt=found.last_message)
    touched = list(newer.order_by().values_list("conversation_id", flat=True).distinct())
    for pk in touched:
        kept = Message.objects.filter(conversation=pk, pk__lte=found.last_message)
        last = kept.order_by("-changed_in").first()
        Conversation.objects.filter(pk=pk).update(last_message=last)
        if last is not None:
            Participant.objects.filter(conversation=pk).update(last_activity=last.timestamp)
    Notification.objects.filter(message__gt=found.last_message).delete()
    newer.delete_rows()
