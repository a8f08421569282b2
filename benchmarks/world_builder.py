"""Writes the generated data into a database, once, and recognises it in later runs.

It writes into the tables directly, without models and signals: a million messages take one or two
minutes.
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

from benchmarks import world
from benchmarks.search_world import SearchWorld
from benchmarks.world import Landmarks, World
from messaging.folded_names import fold_names
from messaging.mailboxes import Mailbox
from messaging.models import (
    Conversation,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.search.index import without_index

BATCH = 20_000  # rows written at a time


def landmarks(size: int, folder: Path) -> Landmarks:
    """The landmarks of this process's database, which has `size` messages afterwards.

    A file in `folder` records the landmarks and the stamp of the data. If the stamp differs, because
    the schema or the code of the world changed, the data is built again.
    """
    record = folder / "landmarks.json"
    current = stamp()
    if record.exists():
        recorded = json.loads(record.read_text())
        if recorded.pop("stamp") == current:
            found = Landmarks(**recorded)
            _delete_sent_messages(found)
            return found
        record.unlink()
    print(f"  building {size:,} messages on {connection.vendor} ...", end="", flush=True)
    started = time.monotonic()
    reset_database()
    built = _write(World(size))
    built.write(record, stamp=current)
    print(f" {time.monotonic() - started:.0f} s", flush=True)
    return built


def stamp() -> str:
    """A hash of everything that decides about the rows: migrations and the code of the world."""
    digest = sha256()
    migrations = [
        path
        for app in ("messaging", "accounts", "chats")
        for path in Path(apps.get_app_config(app).path).glob("migrations/*.py")
    ]
    for path in sorted([*migrations, Path(world.__file__)]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def reset_database() -> None:
    """Remove everything from this process's database and create its tables."""
    if connection.vendor == "sqlite":
        connection.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{settings.DATABASES['default']['NAME']}{suffix}").unlink(missing_ok=True)
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    call_command("migrate", verbosity=0, interactive=False)


def _write(data: World) -> Landmarks:
    with bulk_load():
        write_people(data)
        messages = data.messages()
        while batch := list(islice(messages, BATCH)):
            insert(Message, world.MESSAGE_COLUMNS, batch)
            insert(Notification, world.NOTIFICATION_COLUMNS, data.notifications)
            data.notifications.clear()
        insert(MessageHistory, world.HISTORY_COLUMNS, data.histories)
        write_conversations(data)
    answered = Message.objects.filter(thread__isnull=False).values("thread")
    Message.objects.filter(pk__in=answered).store_newest_replies()
    return data.landmarks


@contextmanager
def bulk_load() -> Iterator[None]:
    """Write rows as fast as the database can. Indexes and checks come back afterwards."""
    _set_safeguards(on=False)
    with without_index(), _without_indexes():
        yield
    _set_safeguards(on=True)
    _finish()


# The statements that create indexes, but for those that belong to a constraint.
_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
    "AND tbl_name LIKE 'messaging_%'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'messaging_%' "
    "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Drop the indexes of messaging, and create them afterwards. To sort all rows once is faster
    than to insert each row into nine indexes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES[connection.vendor])
        found = cursor.fetchall()
        for name, _sql in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, sql in found:
            cursor.execute(sql)


def _set_safeguards(*, on: bool) -> None:
    """Foreign keys, and writes that survive a power cut: generated data needs neither."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
            cursor.execute(f"PRAGMA synchronous = {'FULL' if on else 'OFF'}")
            cursor.execute(f"PRAGMA secure_delete = {'ON' if on else 'OFF'}")
            cursor.execute(f"PRAGMA cache_size = {-2_000 if on else -800_000}")  # KiB, to sort
        else:
            role = "origin" if on else "replica"
            cursor.execute(f"SET session_replication_role = {role}")


def write_people(data: World | SearchWorld) -> None:
    model = get_user_model()
    people = [
        model(pk=pk, username=f"person{pk}", first_name=f"Person {pk}", password="!")  # noqa: S106
        for pk in range(1, data.people + 1)
    ]
    model.objects.bulk_create(people, batch_size=1000)
    Mailbox.objects.bulk_create((Mailbox(user=one) for one in people), batch_size=1000)
    fold_names(people)


def write_conversations(data: World | SearchWorld) -> None:
    last = data.last_message
    never = "2024-01-01 00:00:00"
    insert(
        Conversation,
        world.CONVERSATION_COLUMNS,
        (
            (number, f"{one}:{other}", *_version_and_last(last.get(number)), never)
            for number, (one, other) in enumerate(data.pairs, 1)
        ),
    )
    insert(
        Participant,
        world.PARTICIPANT_COLUMNS,
        (
            (number, person, last.get(number, (0, never))[1], 0, False, 0, False)
            for number, pair in enumerate(data.pairs, 1)
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
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", list(values))  # noqa: S608
        else:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)


def _finish() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Like a server that has run for a while: an empty write-ahead log, and statistics.
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("ANALYZE")
        else:
            for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
                cursor.execute(statement)
            cursor.execute("VACUUM (ANALYZE)")


@transaction.atomic
def _delete_sent_messages(found: Landmarks) -> None:
    """Delete what earlier measurements sent, so that each one starts with the same data."""
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
    roots = Message.objects.filter(conversation__in=touched, newest_reply__gt=found.last_message)
    roots.store_newest_replies()
