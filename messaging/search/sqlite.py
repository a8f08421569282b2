"""Search on SQLite: an FTS5 index that triggers keep.

The index holds no text (`content=''`): it would be a second copy, and the messages themselves are
read anyway. It stands over the table by triggers and not over a view of it, because SQLite refuses
to rename a table while a view names one that is not there, which is what Django does whenever it
rebuilds a table for a changed field.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from messaging.search.words import PLAIN

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.search.query import Query, Term
    from messaging.search.scope import Scope

INDEX = "messaging_search"
MESSAGES = "messaging_message"

# SQLite's tables of letters end with Unicode 6.1: it takes every newer emoji for a letter.
_NEWER_SIGNS = (
    *((0x61C, 0x61D), (0x20BA, 0x20D0), (0x2066, 0x206A), (0x2300, 0x2460)),
    *((0x2500, 0x2C00), (0x2E3C, 0x2E60), (0xFE0F, 0xFE10), (0x1F000, 0x1FB00)),
)
_SIGNS = "".join(
    chr(sign)
    for first, end in _NEWER_SIGNS
    for sign in range(first, end)
    if not chr(sign).isalnum()
)

# Pages of the index that one step of the clean-up merges: writers wait for one step at most.
STEP = 500
# From this version on FTS5 can forget a deleted word at once.
FORGETS_AT_ONCE = (3, 44, 0)


def _plain(column: str) -> str:
    """`column` without the accents that FTS5 does not know."""
    for accented, bare in PLAIN.items():
        if accented != "ς":  # it does know the two sigmas
            # In one order in every process: the triggers are compared with those in the database.
            # A set would follow Python's hash seed.
            for one in dict.fromkeys((accented, accented.upper())):
                if len(one) == 1:
                    column = f"replace({column},'{one}','{bare}')"
    return column


def _entry(row: str) -> str:
    edited = f"CASE WHEN {row}.edited THEN ' e' ELSE '' END"
    scope = f"'s' || {row}.sender_id || ' r' || {row}.receiver_id || {edited}"
    return f"{row}.id, {_plain(f'{row}.content')}, {scope}"


# An entry can be taken out only by what was put in, exactly: there is no text to look it up in.
_PUT = f"INSERT INTO {INDEX}(rowid, content, scope) SELECT {_entry('new')} WHERE new.content <> ''"
_TAKE = (
    f"INSERT INTO {INDEX}({INDEX}, rowid, content, scope) "
    f"SELECT 'delete', {_entry('old')} WHERE old.content <> ''"
)

# Two and three letters are the beginning of so many words that these have lists of their own.
_TABLE = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(content, scope, content='', columnsize=0, "
    f"prefix='2 3', tokenize=\"unicode61 remove_diacritics 2 separators '{_SIGNS}'\")"
)
_TRIGGERS = {
    f"{INDEX}_insert": f"AFTER INSERT ON {MESSAGES} BEGIN {_PUT}; END",
    f"{INDEX}_update": (
        f"AFTER UPDATE OF id, content, edited, sender_id, receiver_id ON {MESSAGES} "
        f"BEGIN {_TAKE}; {_PUT}; END"
    ),
    f"{INDEX}_delete": f"AFTER DELETE ON {MESSAGES} BEGIN {_TAKE}; END",
}


def _wanted() -> dict[str, str]:
    """Everything there should be, by name, as SQLite itself keeps it."""
    triggers = {name: f"CREATE TRIGGER {name} {body}" for name, body in _TRIGGERS.items()}
    return {INDEX: _TABLE} | triggers


def exists(connection: BaseDatabaseWrapper) -> bool:
    return INDEX in connection.introspection.table_names()


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of what is missing, or is not as it should be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE %s", [f"{INDEX}%"])
        there = dict(cursor.fetchall())
    return [name for name, sql in _wanted().items() if there.get(name) != sql]


def create(connection: BaseDatabaseWrapper) -> None:
    """The index and its triggers, anew, with every message there is."""
    drop(connection)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        if sqlite3.sqlite_version_info >= FORGETS_AT_ONCE:
            cursor.execute(f"INSERT INTO {INDEX}({INDEX}, rank) VALUES('secure-delete', 1)")
        cursor.execute(_PUT.replace("WHERE", f"FROM {MESSAGES} AS new WHERE"))
    make_triggers(connection)


def make_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(_wanted()[name])


def drop(connection: BaseDatabaseWrapper) -> None:
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def clean_up(connection: BaseDatabaseWrapper) -> None:
    """Let nothing of a deleted text be left in the index or in the log of writes.

    What FTS5 calls 'optimize', in steps: in one, everybody who writes would wait for its end.
    """
    with connection.cursor() as cursor:
        step = -STEP  # the first one asks for everything to become one part
        while True:
            before = _changes(connection)
            cursor.execute(f"INSERT INTO {INDEX}({INDEX}, rank) VALUES('merge', %s)", [step])
            step = STEP
            # FTS5 says so itself: less than two changes, and there was nothing left to do.
            if _changes(connection) - before < 2:
                break
        cursor.execute(f"INSERT INTO {INDEX}({INDEX}) VALUES('optimize')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _changes(connection: BaseDatabaseWrapper) -> int:
    return connection.connection.total_changes


def hits(
    query: Query, scope: Scope, conditions: str, params: list[Any], *, before: int | None, most: int
) -> tuple[str, list[Any]]:
    """SQL of the ids found, newest first, at most `most`; `conditions` are about `m`.

    The index gives its rows by descending id, one after the other: what is common is found at
    once. CROSS JOIN is SQLite's way to say that the index comes first.
    """
    sql = (
        f"SELECT m.id FROM {INDEX} AS s CROSS JOIN {MESSAGES} AS m ON m.id = s.rowid "
        f"WHERE s.{INDEX} MATCH %s AND s.rowid < %s {conditions} "
        "ORDER BY s.rowid DESC LIMIT %s"
    )
    return sql, [_match(query, scope), before or 2**63 - 1, *params, most]


def _match(query: Query, scope: Scope) -> str:
    sides = []
    for own, others in scope.tokens():
        sides.append(f"({own} AND ({' OR '.join(others)}))" if others else own)
    wanted = [f"{{scope}} : ({' OR '.join(sides)})"]
    if query.edited:
        wanted.append("{scope} : e")
    wanted += [f"{{content}} : {_term(term)}" for term in query.terms]
    return " AND ".join(wanted)


def _term(term: Term) -> str:
    # Quoted, whatever it is: AND, NEAR and col: are words like any others. A folded word holds
    # letters and digits only, so no quotation mark.
    return f'"{" ".join(term.words)}"{" *" if term.prefix else ""}'
