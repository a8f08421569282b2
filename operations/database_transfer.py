"""Moves an installation from SQLite into an empty PostgreSQL database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import Error, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from tqdm import tqdm

from messaging.search import index_of

ROWS = 2_000  # rows that are read at a time


class NotMoved(Exception):
    """Nothing was moved. The text says why, in one sentence."""


def move(source: str, target: str) -> tuple[int, int]:
    """Copy everything from the database `source` to `target`. Returns the numbers of tables and rows.

    The target receives everything in one transaction. After any failure, also a power cut, it is
    empty as before. Nobody can write to the source meanwhile.

    Raises:
        NotMoved: the source is not a SQLite database of this release, the target is not empty, it
            refused a row, or the copy differs from the source.
        django.db.Error: the target refused another statement.
    """
    _check(connections[source], connections[target])
    # On SQLite a transaction holds the write lock from its beginning.
    with transaction.atomic(using=source), transaction.atomic(using=target):
        tables = _make_tables(connections[target])
        sent = _copy(tables, source, connections[target])
        _finish(tables, connections[target])
        _compare(tables, sent, target)
    with connections[target].cursor() as cursor:
        cursor.execute("ANALYZE")
    return len(tables), sum(count for count, _digest in sent.values())


def _check(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> None:
    if source.vendor != "sqlite":
        raise NotMoved("This installation does not use SQLite. Unset DATABASE_URL.")
    executor = MigrationExecutor(source)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMoved(
            "The SQLite database belongs to another release. Run `manage.py migrate` first."
        )
    if target.introspection.table_names():
        raise NotMoved("The target is not empty: it already has tables.")


def _make_tables(target: BaseDatabaseWrapper) -> list[type[models.Model]]:
    """Create all tables, empty. Rows that migrations insert are copied from the source as well."""
    call_command("migrate", database=target.alias, verbosity=0, interactive=False)
    tables = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    # The search index is built at the end, in one step.
    index_of(target).drop(target)
    with target.cursor() as cursor:
        for model in tables:
            cursor.execute(f"DELETE FROM {_quoted(target, model._meta.db_table)}")  # noqa: S608
        # A table with pending checks of constraints cannot be changed.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return tables


Sent = dict[type[models.Model], tuple[int, int]]  # the number of rows and their digest


def _copy(tables: list[type[models.Model]], source: str, target: BaseDatabaseWrapper) -> Sent:
    counts = {model: model._base_manager.using(source).count() for model in tables}
    sent: Sent = {}
    with tqdm(total=sum(counts.values()), unit=" rows", desc="Copied") as progress:
        for model in tables:
            sent[model] = _copy_table(model, source, target, progress)
    return sent


def _copy_table(
    model: type[models.Model], source: str, target: BaseDatabaseWrapper, progress: tqdm
) -> tuple[int, int]:
    fields = model._meta.concrete_fields
    columns = ", ".join(_quoted(target, str(field.column)) for field in fields)
    statement = f"COPY {_quoted(target, model._meta.db_table)} ({columns}) FROM STDIN"
    count = digest = 0
    try:
        with (
            target.wrap_database_errors,
            target.connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for row in _rows(model, source):
                pairs = zip(fields, row, strict=True)
                copy.write_row([field.get_db_prep_save(value, target) for field, value in pairs])
                count, digest = count + 1, _add_to_digest(digest, row)
                progress.update()
    except Error as error:
        # The text of the error would show the row. SQLite, for example, does not limit lengths.
        raise NotMoved(
            f"PostgreSQL refused a row of {model._meta.db_table} ({type(error).__name__})."
            " Nothing was moved."
        ) from error
    return count, digest


def _finish(tables: list[type[models.Model]], target: BaseDatabaseWrapper) -> None:
    with target.cursor() as cursor:
        # References are checked now, before the index is built and the rows are compared.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in target.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
    index_of(target).create(target)


def _compare(tables: list[type[models.Model]], sent: Sent, target: str) -> None:
    with tqdm(total=sum(n for n, _ in sent.values()), unit=" rows", desc="Checked") as progress:
        for model in tables:
            count = digest = 0
            for row in _rows(model, target):
                count, digest = count + 1, _add_to_digest(digest, row)
                progress.update()
            if (count, digest) != sent[model]:
                name = model._meta.db_table
                raise NotMoved(f"The copy of {name} differs from the source. Nothing was moved.")


def _rows(model: type[models.Model], using: str) -> Iterator[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.concrete_fields]
    # In the order of the primary key, so that the table is read once from start to end.
    rows = model._base_manager.using(using).order_by("pk").values_list(*names)
    return rows.iterator(chunk_size=ROWS)


def _add_to_digest(digest: int, row: tuple[Any, ...]) -> int:
    """`digest` with `row` added. It does not depend on the order: databases sort text differently."""
    text = "\x1f".join(map(_as_text, row)).encode("utf-8", "surrogatepass")
    return (digest + int.from_bytes(hashlib.sha256(text).digest())) % 2**256


def _as_text(value: Any) -> str:
    """A text for `value` that is the same on both databases."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return repr(sorted(value.items()))
    return repr(value)


def _quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    return connection.ops.quote_name(name)
