"""Search on PostgreSQL: a table of word lists with a GIN index, which triggers keep up to date.

An index on the messages themselves would cost more: PostgreSQL writes a new row version, and an
entry in every index, whenever a message is marked as read. A function of our own makes the words,
not `to_tsvector`: that takes an address for one word, drops what looks like a tag, and depends on
the locale of the database; `unaccent` is not always installed and not immutable. The tokens of the
scope stand among the words: a second column of the index would need an extension that not every
database user may create.

A GIN index cannot return the newest rows first. So each message also carries a token for the block
of ids it belongs to. A search reads the newest blocks, then more blocks, then everything.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from messaging.words import PAIRS, PLAIN

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.search.query import Term
    from messaging.search.scope import Scope

INDEX = "messaging_search"
MESSAGES = "messaging_message"

BLOCK = 12  # bits: 4,096 ids
STEPS = (4, 16, 64)  # blocks that each step reads; a last step reads everything else
LONGEST_WORD = 100  # letters; a tsvector takes 2,046 bytes
# The beginnings of a word are words of the list as well, up to this number of letters. A prefix
# search would first collect, at every step, all words of all people that begin so.
BEGINNING = 8


def _pairs(column: str) -> str:
    """SQL for `column` with the letters that stand for two as two."""
    for letter, two in PAIRS.items():
        column = f"replace({column}, '{letter}', '{two}')"
    return column


_WORDS = f"""
CREATE FUNCTION {INDEX}_words(content text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := lower(content COLLATE %(collation)s);
BEGIN
    IF octet_length(folded) = length(folded) THEN
        RETURN string_to_array(trim(regexp_replace(folded, '[^a-z0-9]+', ' ', 'g')), ' ');
    END IF;
    folded := {_pairs("folded")};
    folded := normalize(translate(folded, '{"".join(PLAIN)}', '{"".join(PLAIN.values())}'), NFD);
    folded := normalize(regexp_replace(folded, '([a-z])[\\u0300-\\u036f]+', '\\1', 'g'), NFC);
    RETURN string_to_array(trim(regexp_replace(
        folded COLLATE %(collation)s,
        '[^[:alnum:]\\u0300-\\u036f²³¹¼-¾⁰-₉⅐-ↈ①-⒛]+', ' ', 'g'
    )), ' ');
END $$
"""
# PL/pgSQL: plain SQL would be planned again for every message that is sent. Not STRICT: a message
# to several people has no receiver, and STRICT would make the whole list NULL.
_DOCUMENT = f"""
CREATE FUNCTION {INDEX}_document(
    id bigint, content text, sender bigint, conversation bigint, receiver bigint, edited boolean
) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
DECLARE
    words text[] := {INDEX}_words(content);
    tokens text[] := ARRAY['=s' || sender, '=c' || conversation, '=b' || (id >> {BLOCK})];
    positions text;
    beginnings text[];
BEGIN
    IF receiver IS NOT NULL THEN
        tokens := tokens || ('=r' || receiver);
    END IF;
    IF edited THEN
        tokens := tokens || '=e'::text;
    END IF;
    SELECT string_agg('''' || left(word, {LONGEST_WORD}) || ''':' || least(place, 16383), ' ')
    INTO positions
    FROM unnest(words) WITH ORDINALITY AS list(word, place) WHERE word <> '';
    SELECT array_agg('=' || letters || left(word, letters))
    INTO beginnings
    FROM unnest(words) AS list(word),
        generate_series(2, least(length(word), {BEGINNING})) AS letters;
    RETURN coalesce(positions, '')::tsvector || array_to_tsvector(tokens || beginnings);
END $$
"""
_KEEP = f"""
CREATE FUNCTION {INDEX}_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE {INDEX};
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM {INDEX} WHERE id = old.id;
    END IF;
    IF TG_OP <> 'DELETE' AND new.content <> '' THEN
        INSERT INTO {INDEX} VALUES (new.id, {INDEX}_document(
            new.id, new.content, new.sender_id, new.conversation_id, new.receiver_id, new.edited
        ));
    END IF;
    RETURN NULL;
END $$
"""
# Filled by the statement that creates it: unlike an INSERT, that runs in several processes.
_TABLE = (
    f"CREATE TABLE {INDEX} AS SELECT id, "
    f"{INDEX}_document(id, content, sender_id, conversation_id, receiver_id, edited) AS document "
    f"FROM {MESSAGES} WHERE content <> ''"
)
_KEY = f"ALTER TABLE {INDEX} ADD PRIMARY KEY (id), ALTER document SET NOT NULL"
# PostgreSQL keeps the newest entries in a list that every search reads whole: it is kept short.
_GIN = (
    f"CREATE INDEX {INDEX}_document_gin ON {INDEX} USING gin (document) "
    "WITH (gin_pending_list_limit = 256)"
)
_TRIGGERS = {
    f"{INDEX}_row": (
        "AFTER INSERT OR DELETE "
        "OR UPDATE OF id, content, edited, sender_id, conversation_id, receiver_id "
        f"ON {MESSAGES} FOR EACH ROW"
    ),
    f"{INDEX}_truncate": f"AFTER TRUNCATE ON {MESSAGES} FOR EACH STATEMENT",
}
# The comment of the table holds it.
VERSION = sha256(
    "".join((_WORDS, _DOCUMENT, _KEEP, _TABLE, _KEY, _GIN, *_TRIGGERS.values())).encode()
).hexdigest()


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    version = _value(connection, "SELECT obj_description(to_regclass(%s), 'pg_class')", [INDEX])
    if version != VERSION:
        return [INDEX]
    gin = f"{INDEX}_document_gin"
    missing = [] if _value(connection, "SELECT to_regclass(%s)", [gin]) else [gin]
    for name in _TRIGGERS:
        enabled = _value(
            connection,
            "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgenabled <> 'D' "
            "AND tgrelid = to_regclass(%s)",
            [name, MESSAGES],
        )
        missing += [] if enabled else [name]
    return missing


def create(connection: BaseDatabaseWrapper) -> None:
    drop(connection)
    collation = 'pg_catalog."und-x-icu"' if _has_icu(connection) else 'pg_catalog."default"'
    with connection.cursor() as cursor:
        cursor.execute(_WORDS % {"collation": collation})
        # All rows first, then the indexes over them: several times faster.
        for sql in (_DOCUMENT, _KEEP, _TABLE, _KEY, _GIN):
            cursor.execute(sql)
        cursor.execute(f"COMMENT ON TABLE {INDEX} IS '{VERSION}'")
        cursor.execute(f"ANALYZE {INDEX}")
    create_triggers(connection)


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name, body in _TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER {name} {body} EXECUTE FUNCTION {INDEX}_keep()")


def drop(connection: BaseDatabaseWrapper) -> None:
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {INDEX}")
        cursor.execute(f"DROP FUNCTION IF EXISTS {INDEX}_keep, {INDEX}_document, {INDEX}_words")


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name in _TRIGGERS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {MESSAGES}")


def clean_up(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {INDEX}")


def _has_icu(connection: BaseDatabaseWrapper) -> bool:
    """Whether `lower` knows the letters of every script, whatever the locale of the database."""
    return bool(_value(connection, "SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'", []))


def _value(connection: BaseDatabaseWrapper, sql: str, params: list[Any]) -> Any:
    """The first column of the first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return row[0] if row else None


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

    Each step is a part of a UNION ALL and starts only if the steps above it gave less than `most`
    rows. The rows of a step are collected before they are sorted (MATERIALIZED): the planner must
    not walk through all messages in the hope of a common word. `s.id + 0` keeps the planner from
    the primary key, where it would read a million ids to find those below a limit.

    The conditions are a subquery for each id, not a join: a join could change the order.
    """
    top = "%s::bigint" if before else f"(SELECT max(id) + 1 FROM {INDEX})"
    wanted = _match(terms, scope)
    steps: list[str] = []
    values: list[Any] = [before] if before else []
    skipped = 0  # blocks
    recheck = " & ".join(filter(None, map(_recheck, terms)))
    for blocks in (*STEPS, None):
        # The function behind the operator @@: PostgreSQL uses no index for a function call.
        found = "ts_match_vq(s.document, %s::tsquery) AND " if recheck else ""
        found += "s.document @@ %s::tsquery AND s.id + 0 < "
        values += [recheck, wanted] if recheck else [wanted]
        if blocks is None:
            found += "((((SELECT id FROM top) >> %s) - %s) << %s)"
            values += [BLOCK, skipped - 1, BLOCK]
        else:
            # If no block is left, the query is NULL, which matches nothing.
            found += (
                "(SELECT id FROM top) AND s.document @@ (SELECT string_agg("
                "'''=b' || block || '''', ' | ')::tsquery FROM generate_series("
                "greatest(((SELECT id FROM top) >> %s) - %s, 0), "
                "((SELECT id FROM top) >> %s) - %s) AS block)"
            )
            values += [BLOCK, skipped + blocks - 1, BLOCK, skipped]
            skipped += blocks
        steps.append(
            f"step{len(steps)} AS MATERIALIZED (SELECT s.id FROM {INDEX} AS s WHERE {found})"
        )
    ordered = " UNION ALL ".join(
        f"(SELECT id FROM step{number} ORDER BY id DESC)" for number in range(len(steps))
    )
    sql = (
        f"WITH top AS MATERIALIZED (SELECT {top} AS id), {', '.join(steps)} "
        f"SELECT id FROM ({ordered}) AS steps "
        f"WHERE (SELECT true FROM {MESSAGES} AS m WHERE m.id = steps.id {conditions}) LIMIT %s"
    )
    return sql, [*values, *params, most]


def _match(terms: list[Term], scope: Scope) -> str:
    clauses = [" | ".join(f"'={token}'" for token in tokens) for tokens in scope.clauses]
    return " & ".join([*(f"({clause})" for clause in clauses), *map(_term, terms)])


def _term(term: Term) -> str:
    """The query for a term that the index answers. A folded word has only letters and digits, so
    no quotation mark.
    """
    words = [word[:LONGEST_WORD] for word in term.words]
    if not term.prefix:
        return _phrase(words)
    *firsts, last = words
    letters = min(len(last), BEGINNING)
    return " & ".join([*([_phrase(firsts)] if firsts else []), f"'={letters}{last[:letters]}'"])


def _recheck(term: Term) -> str:
    """The query that each row found by `_term` has to match as well; empty if there is none."""
    if not term.prefix or (len(term.words) == 1 and len(term.words[0]) <= BEGINNING):
        return ""
    return f"{_phrase([word[:LONGEST_WORD] for word in term.words])[:-1]}:*)"


def _phrase(words: list[str]) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in words) + ")"
