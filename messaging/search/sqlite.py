"""Search on SQLite: an FTS5 index that triggers keep up to date.

The index stores no text (`content=''`): that would be a second copy, and a search reads the
messages themselves anyway. Triggers fill it. An FTS5 index over a view of the messages would need
fewer of them, but SQLite refuses to rename a table while a view names a table that does not exist,
and Django renames tables whenever it rebuilds one for a changed field.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from messaging.words import PAIRS, PLAIN

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.search.query import Term
    from messaging.search.scope import Scope

INDEX = "messaging_search"
MESSAGES = "messaging_message"
NESTED = 20  # calls of a function inside each other: SQLite's parser takes fewer than 40

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

# Pages of the index that one step of the clean-up merges: a writer waits for one step at most.
STEP = 500
# From this version on, FTS5 can remove a deleted word at once.
SECURE_DELETE_SINCE = (3, 44, 0)


def _plain(column: str) -> str:
    """SQL for `column` with the letters of `words.fold` that FTS5 does not know."""
    # In one order in every process: the triggers are compared with those in the database.
    letters = [
        (letter, bare)
        for accented, bare in (PLAIN | PAIRS).items()
        if accented != "ς"  # FTS5 knows both sigmas
        # Of "ß", upper() gives two letters.
        for letter in (accented, accented.upper().replace("SS", "ẞ"))
        if len(letter) == 1
    ]
    sql = column
    for start in range(0, len(letters), NESTED):
        step = "step"
        for letter, bare in letters[start : start + NESTED]:
            step = f"replace({step},'{letter}','{bare}')"
        sql = f"(SELECT {step} FROM (SELECT {sql} AS step))"
    return sql


def entry(row: str) -> str:
    """SQL for the values that the index holds of the message `row`: id, content and tokens."""
    # A message to several people has no receiver, and NULL would make all of the tokens NULL.
    receiver = f"coalesce(' r' || {row}.receiver_id, '')"
    edited = f"CASE WHEN {row}.edited THEN ' e' ELSE '' END"
    tokens = f"'s' || {row}.sender_id || ' c' || {row}.conversation_id || {receiver} || {edited}"
    return f"{row}.id, {_plain(f'{row}.content')}, {tokens}"


# FTS5 removes an entry only if it is given exactly the values that were inserted: there is no text
# to look them up in.
_INSERT = (
    f"INSERT INTO {INDEX}(rowid, content, scope) SELECT {entry('new')} WHERE new.content <> ''"
)
_DELETE = (
    f"INSERT INTO {INDEX}({INDEX}, rowid, content, scope) "
    f"SELECT 'delete', {entry('old')} WHERE old.content <> ''"
)

# So many words begin with the same two or three letters that these beginnings have own lists.
_TABLE = (
    f"CREATE VIRTUAL TABLE {INDEX} USING fts5(content, scope, content='', columnsize=0, "
    f"prefix='2 3', tokenize=\"unicode61 remove_diacritics 2 separators '{_SIGNS}'\")"
)
_TRIGGERS = {
    f"{INDEX}_insert": f"AFTER INSERT ON {MESSAGES} BEGIN {_INSERT}; END",
    f"{INDEX}_update": (
        f"AFTER UPDATE OF id, content, edited, sender_id, conversation_id, receiver_id "
        f"ON {MESSAGES} BEGIN {_DELETE}; {_INSERT}; END"
    ),
    f"{INDEX}_delete": f"AFTER DELETE ON {MESSAGES} BEGIN {_DELETE}; END",
}


def definition() -> dict[str, str]:
    """The SQL of each part by its name, exactly as SQLite stores it in `sqlite_master`."""
    triggers = {name: f"CREATE TRIGGER {name} {body}" for name, body in _TRIGGERS.items()}
    return {INDEX: _TABLE} | triggers


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE %s", [f"{INDEX}%"])
        stored = dict(cursor.fetchall())
    return [name for name, sql in definition().items() if stored.get(name) != sql]


def create(connection: BaseDatabaseWrapper) -> None:
    drop(connection)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        if sqlite3.sqlite_version_info >= SECURE_DELETE_SINCE:
            cursor.execute(f"INSERT INTO {INDEX}({INDEX}, rank) VALUES('secure-delete', 1)")
        cursor.execute(_INSERT.replace("WHERE", f"FROM {MESSAGES} AS new WHERE"))
    create_triggers(connection)


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(definition()[name])


def drop(connection: BaseDatabaseWrapper) -> None:
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def clean_up(connection: BaseDatabaseWrapper) -> None:
    """Remove what deleted texts left in the index and in the write-ahead log.

    This is FTS5's 'optimize', in steps: every writer would wait for the end of a single one.
    """
    with connection.cursor() as cursor:
        step = -STEP  # a negative number starts the merge of everything into one part
        while True:
            before = _total_changes(connection)
            cursor.execute(f"INSERT INTO {INDEX}({INDEX}, rank) VALUES('merge', %s)", [step])
            step = STEP
            # FTS5 documents this: fewer than two changes mean that nothing was left to merge.
            if _total_changes(connection) - before < 2:
                break
        cursor.execute(f"INSERT INTO {INDEX}({INDEX}) VALUES('optimize')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _total_changes(connection: BaseDatabaseWrapper) -> int:
    changes: int = connection.connection.total_changes
    return changes


def hits_sql(
    terms: list[Term],
    scope: Scope,
    conditions: str,
    params: list[Any],
    *,
    before: int | None,
    most: int,
) -> tuple[str, list[Any]]:
    """See `SearchIndex.hits_sql`.

    The index gives its rows by descending id, one after the other: hits of a common word are found
    at once. In SQLite, CROSS JOIN means that the index is read first.
    """
    sql = (
        f"SELECT m.id FROM {INDEX} AS s CROSS JOIN {MESSAGES} AS m ON m.id = s.rowid "
        f"WHERE s.{INDEX} MATCH %s AND s.rowid < %s {conditions} "
        "ORDER BY s.rowid DESC LIMIT %s"
    )
    return sql, [_match(terms, scope), before or 2**63 - 1, *params, most]


def _match(terms: list[Term], scope: Scope) -> str:
    clauses = [f"{{scope}} : ({' OR '.join(tokens)})" for tokens in scope.clauses]
    return " AND ".join([*clauses, *(f"{{content}} : {_term(term)}" for term in terms)])


def _term(term: Term) -> str:
    # In quotes, so that AND, NEAR and col: are words like any others. A folded word has only
    # letters and digits, so no quotation mark.
    return f'"{" ".join(term.words)}"{" *" if term.prefix else ""}'
