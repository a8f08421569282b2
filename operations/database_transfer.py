"""An installation on SQLite, moved into an empty PostgreSQL."""

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

ROWS = 2_000  # read at a time


class NotMoved(Exception):
    """Why nothing was moved, in one sentence."""


def move(source: str, target: str) -> tuple[int, int]:
    """Copy everything from the database `source` to `target`; how many tables and rows it was.

    The target gets all of it in one transaction: whatever goes wrong, and be it the power, it is
    as empty as before. Nobody can write to the source meanwhile.

    Raises:
        NotMoved: the source is not a SQLite of this release, the target is not empty, or what
            arrived is not what was sent.
        django.db.Error: the target refused something.
    """
    _check(connections[source], connections[target])
    # On SQLite a transaction holds the lock of writers from its beginning.
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
        raise NotMoved("This installation is not on SQLite: leave DATABASE_URL away.")
    executor = MigrationExecutor(source)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMoved("The SQLite database is of another release: run `manage.py migrate` first.")
    if target.introspection.table_names():
        raise NotMoved("The target is not empty: it has tables already.")


def _make_tables(target: BaseDatabaseWrapper) -> list[type[models.Model]]:
    """Every table, empty. Rows that migrations bring along come from the source as well."""
    call_command("migrate", database=target.alias, verbosity=0, interactive=False)
    tables = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    # Words are put into the index together, at the end.
    index_of(target).drop(target)
    with target.cursor() as cursor:
        for model in tables:
            cursor.execute(f"DELETE FROM {_quoted(target, model._meta.db_table)}")  # noqa: S608
        # Nothing may be pending in a table that is changed next.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return tables


Sent = dict[type[models.Model], tuple[int, int]]  # how many rows, and their digest


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
                prepared = zip(fields, row, strict=True)
                copy.write_row([field.get_db_prep_save(value, target) for field, value in prepared])
                count, digest = count + 1, _mixed(digest, row)
                progress.update()
    except Error as error:
        # Not in the error's own words: they hold the row. SQLite keeps, for one, no length.
        raise NotMoved(
            f"PostgreSQL refused a row of {model._meta.db_table} ({type(error).__name__}); nothing"
            " was kept."
        ) from error
    return count, digest


def _finish(tables: list[type[models.Model]], target: BaseDatabaseWrapper) -> None:
    with target.cursor() as cursor:
        # Every reference is looked at now, and not at the end, after all the rest.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in target.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
    index_of(target).create(target)


def _compare(tables: list[type[models.Model]], sent: Sent, target: str) -> None:
    with tqdm(total=sum(n for n, _ in sent.values()), unit=" rows", desc="Checked") as progress:
        for model in tables:
            count = digest = 0
            for row in _rows(model, target):
                count, digest = count + 1, _mixed(digest, row)
                progress.update()
            if (count, digest) != sent[model]:
                name = model._meta.db_table
                raise NotMoved(f"What arrived in {name} is not what was sent; nothing was kept.")


def _rows(model: type[models.Model], using: str) -> Iterator[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.concrete_fields]
    # In the order of the table, so that it is read once from its beginning to its end.
    rows = model._base_manager.using(using).order_by("pk").values_list(*names)
    return rows.iterator(chunk_size=ROWS)


def _mixed(digest: int, row: tuple[Any, ...]) -> int:
    """`digest` with one row more, in whatever order they come: databases sort text differently."""
    told = "\x1f".join(map(_told, row)).encode("utf-8", "surrogatepass")
    return (digest + int.from_bytes(hashlib.sha256(told).digest())) % 2**256


def _told(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return repr(sorted(value.items()))
    return repr(value)


def _quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    return connection.ops.quote_name(name)
