"""Questions that every page asks: turned into SQL once, then only asked.

From an index the database answers in a tenth of a millisecond, and Django takes five to twenty
times as long to write the question down. Nothing else changes: the queryset says what is asked,
and its values, or its first object, come as it would give them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import Query

Row = tuple[Any, ...]
# What the queryset gives: rows (made by `values_list`), or objects of a model.
Found = TypeVar("Found")

# Stand where numbers go while the SQL is written. No id, limit or other number is one of these.
_FIRST_PLACE = -7_212_345_678_900_000


@dataclass(frozen=True, slots=True)
class _Written:
    """What is the same each time. No connection: that is looked up whenever there is a question,
    since it ends with its request, its thread or its database, and this does not.
    """

    sql: str
    values: Row
    query: Query
    columns: list[Any]
    make: Callable[[Row], Any]


class CompiledQuery(Generic[Found]):
    """A queryset all but some numbers of which stays the same.

    `build` makes it from those numbers, and is called once for each kind of database: whatever
    else the queryset depends on has to be the same for ever. What it prefetches is left out.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Found]]) -> None:
        self._build = build
        self._places = [_FIRST_PLACE - number for number in range(len(signature(build).parameters))]
        self._written: dict[str, _Written] = {}  # by kind of database

    def rows(self, *numbers: int) -> list[Found]:
        """What the queryset finds with these numbers."""
        connection = connections[DEFAULT_DB_ALIAS]
        # Two threads may write it down at once: they write the same.
        written = self._written.get(connection.vendor) or self._write(connection)
        given = dict(zip(self._places, numbers, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(written.sql, [given.get(value, value) for value in written.values])
            rows = cursor.fetchall()
        compiler = written.query.get_compiler(connection=connection)
        if converters := compiler.get_converters(written.columns):
            rows = map(tuple, compiler.apply_converters(rows, converters))
        return [written.make(row) for row in rows]

    def first(self, *numbers: int) -> Found | None:
        """The first of them. The queryset does well to find one only."""
        found = self.rows(*numbers)
        return found[0] if found else None

    def _write(self, connection: Any) -> _Written:
        queryset = self._build(*self._places)
        compiler = queryset.query.get_compiler(connection=connection)
        sql, values = compiler.as_sql()
        assert set(self._places) <= set(values), "each number has its place in the SQL"  # noqa: S101
        columns = [expression for expression, _sql, _alias in compiler.select]
        objects = issubclass(queryset._iterable_class, ModelIterable)
        make = _maker_of_objects(compiler, columns) if objects else tuple
        written = _Written(sql, tuple(values), queryset.query, columns, make)
        self._written[connection.vendor] = written
        return written


def _maker_of_objects(compiler: Any, columns: list[Any]) -> Callable[[Row], Any]:
    """What makes an object of a row, with the related ones and the annotations it has."""
    info, annotations = compiler.klass_info, compiler.annotation_col_map
    places = info["select_fields"]
    start, end = places[0], places[-1] + 1
    names = [column.target.attname for column in columns[start:end]]
    # The stubs are those of a later Django.
    populators = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def make(row: Row) -> Any:
        made = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in populators:
            populator.populate(row, made)
        for name, place in annotations.items():
            setattr(made, name, row[place])
        return made

    return make
