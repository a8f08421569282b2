"""Search on PostgreSQL: a table of word lists with a GIN index, which triggers keep.

Not an index on the messages themselves: PostgreSQL writes a row anew, into every index, when it is
marked as read. The words are made by a function of ours and not by `to_tsvector`: that takes
addresses for one word, drops what looks like a tag, and knows letters by the locale of the
database; `unaccent` is not always there and not immutable. Whose a message is stands among the
words, as it would in a second column of the index, which takes an extension that not everybody
may make.

A GIN index cannot give the newest first. So each message also carries the block of ids it lies in,
and a search looks through the newest blocks, then more of them, then everything.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from messaging.search.words import PLAIN

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from messaging.search.query import Query, Term
    from messaging.search.scope import Scope

INDEX = "messaging_search"
MESSAGES = "messaging_message"

BLOCK = 12  # bits: 4,096 ids
STEPS = (4, 16, 64)  # blocks looked through at a time, before everything else
LONGEST_WORD = 100  # letters; a tsvector takes 2,046 bytes
# The beginnings of a word stand in the list themselves, up to so many letters. Looked for among
# all words, whatever begins so in anybody's message would be gathered first, at every step.
BEGINNING = 8

_WORDS = f"""
CREATE FUNCTION {INDEX}_words(content text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text := lower(content COLLATE %(collation)s);
BEGIN
    IF octet_length(folded) = length(folded) THEN
        RETURN string_to_array(trim(regexp_replace(folded, '[^a-z0-9]+', ' ', 'g')), ' ');
    END IF;
    folded := normalize(translate(folded, '{"".join(PLAIN)}', '{"".join(PLAIN.values())}'), NFD);
    folded := normalize(regexp_replace(folded, '([a-z])[\\u0300-\\u036f]+', '\\1', 'g'), NFC);
    RETURN string_to_array(trim(regexp_replace(
        folded COLLATE %(collation)s,
        '[^[:alnum:]\\u0300-\\u036f²³¹¼-¾⁰-₉⅐-ↈ①-⒛]+', ' ', 'g'
    )), ' ');
END $$
"""
# Not in plain SQL, which would be planned anew for every message that is sent.
_DOCUMENT = f"""
CREATE FUNCTION {INDEX}_document(
    id bigint, content text, sender bigint, receiver bigint, edited boolean
) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    words text[] := {INDEX}_words(content);
    marks text[] := ARRAY['=s' || sender, '=r' || receiver, '=b' || (id >> {BLOCK})];
    places text;
    beginnings text[];
BEGIN
    IF edited THEN
        marks := marks || '=e'::text;
    END IF;
    SELECT string_agg('''' || left(word, {LONGEST_WORD}) || ''':' || least(place, 16383), ' ')
    INTO places
    FROM unnest(words) WITH ORDINALITY AS list(word, place) WHERE word <> '';
    SELECT array_agg('=' || letters || left(word, letters))
    INTO beginnings
    FROM unnest(words) AS list(word),
        generate_series(2, least(length(word), {BEGINNING})) AS letters;
    RETURN coalesce(places, '')::tsvector || array_to_tsvector(marks || beginnings);
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
            new.id, new.content, new.sender_id, new.receiver_id, new.edited
        ));
    END IF;
    RETURN NULL;
END $$
"""
# Filled as it is made: unlike an INSERT, PostgreSQL lets several processes do that.
_TABLE = (
    f"CREATE TABLE {INDEX} AS "
    f"SELECT id, {INDEX}_document(id, content, sender_id, receiver_id, edited) AS document "
    f"FROM {MESSAGES} WHERE content <> ''"
)
_KEY = f"ALTER TABLE {INDEX} ADD PRIMARY KEY (id), ALTER document SET NOT NULL"
# What was written last stands in a list that every search reads to its end: it is kept short.
_GIN = (
    f"CREATE INDEX {INDEX}_document_gin ON {INDEX} USING gin (document) "
    "WITH (gin_pending_list_limit = 256)"
)
_TRIGGERS = {
    f"{INDEX}_row": (
        f"AFTER INSERT OR DELETE OR UPDATE OF id, content, edited, sender_id, receiver_id "
        f"ON {MESSAGES} FOR EACH ROW"
    ),
    f"{INDEX}_truncate": f"AFTER TRUNCATE ON {MESSAGES} FOR EACH STATEMENT",
}
_VERSION = sha256(
    "".join((_WORDS, _DOCUMENT, _KEEP, _TABLE, _KEY, _GIN, *_TRIGGERS.values())).encode()
).hexdigest()


def exists(connection: BaseDatabaseWrapper) -> bool:
    return bool(_value(connection, "SELECT to_regclass(%s)", [INDEX]))


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of what is missing, or is not as it should be."""
    version = _value(connection, "SELECT obj_description(to_regclass(%s), 'pg_class')", [INDEX])
    if version != _VERSION:
        return [INDEX]
    missing = (
        []
        if _value(connection, "SELECT to_regclass(%s)", [f"{INDEX}_document_gin"])
        else [f"{INDEX}_document_gin"]
    )
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
    """The index and its triggers, anew, with every message there is."""
    drop(connection)
    collation = 'pg_catalog."und-x-icu"' if _has_icu(connection) else 'pg_catalog."default"'
    with connection.cursor() as cursor:
        cursor.execute(_WORDS % {"collation": collation})
        # Rows first, and then the indexes of all of them: several times quicker.
        for sql in (_DOCUMENT, _KEEP, _TABLE, _KEY, _GIN):
            cursor.execute(sql)
        cursor.execute(f"COMMENT ON TABLE {INDEX} IS '{_VERSION}'")
        cursor.execute(f"ANALYZE {INDEX}")
    make_triggers(connection)


def make_triggers(connection: BaseDatabaseWrapper) -> None:
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
    """Let nothing of a deleted text be left in the index."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {INDEX}")


def _has_icu(connection: BaseDatabaseWrapper) -> bool:
    """Whether letters of every script have their small forms, whatever the database's locale."""
    return bool(_value(connection, "SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'", []))


def _value(connection: BaseDatabaseWrapper, sql: str, params: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return row[0] if row else None


def hits(
    query: Query, scope: Scope, conditions: str, params: list[Any], *, before: int | None, most: int
) -> tuple[str, list[Any]]:
    """SQL of the ids found, newest first, at most `most`; `conditions` are about `m`.

    A step is a part of a UNION ALL, and no step begins before the ones above it have given less
    than is wanted. What lies in a step is gathered before it is sorted (MATERIALIZED): the planner
    must not walk through all messages in the hope of meeting a common word. Nor may it look
    through a million ids for those below a limit, which is why nothing is added to them.

    The conditions are a subquery for one row, and so no join that would change the order.
    """
    top = "%s::bigint" if before else f"(SELECT max(id) + 1 FROM {INDEX})"
    wanted = _match(query, scope)
    steps: list[str] = []
    values: list[Any] = [before] if before else []
    behind = 0  # blocks
    checked = " & ".join(filter(None, map(_checked, query.terms)))
    for blocks in (*STEPS, None):
        # The function is what the operator calls, and no index is asked for it.
        found = "ts_match_vq(s.document, %s::tsquery) AND " if checked else ""
        found += "s.document @@ %s::tsquery AND s.id + 0 < "
        values += [checked, wanted] if checked else [wanted]
        if blocks is None:
            found += "((((SELECT id FROM top) >> %s) - %s) << %s)"
            values += [BLOCK, behind - 1, BLOCK]
        else:
            # No block is left: NULL, which nothing matches.
            found += (
                "(SELECT id FROM top) AND s.document @@ (SELECT string_agg("
                "'''=b' || block || '''', ' | ')::tsquery FROM generate_series("
                "greatest(((SELECT id FROM top) >> %s) - %s, 0), "
                "((SELECT id FROM top) >> %s) - %s) AS block)"
            )
            values += [BLOCK, behind + blocks - 1, BLOCK, behind]
            behind += blocks
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


def _match(query: Query, scope: Scope) -> str:
    sides = []
    for own, others in scope.tokens():
        one_of = " | ".join(f"'={other}'" for other in others)
        sides.append(f"('={own}' & ({one_of}))" if others else f"'={own}'")
    wanted = [f"({' | '.join(sides)})"]
    if query.edited:
        wanted.append("'=e'")
    return " & ".join([*wanted, *map(_term, query.terms)])


def _term(term: Term) -> str:
    """What the index is asked for a term. A folded word holds letters and digits only, so no
    quotation mark.
    """
    words = [word[:LONGEST_WORD] for word in term.words]
    if not term.prefix:
        return _phrase(words)
    *firsts, last = words
    letters = min(len(last), BEGINNING)
    return " & ".join([*([_phrase(firsts)] if firsts else []), f"'={letters}{last[:letters]}'"])


def _checked(term: Term) -> str:
    """What is left to see in the row itself, as a query; empty if the index has said it all."""
    if not term.prefix or (len(term.words) == 1 and len(term.words[0]) <= BEGINNING):
        return ""
    return f"{_phrase([word[:LONGEST_WORD] for word in term.words])[:-1]}:*)"


def _phrase(words: list[str]) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in words) + ")"
