"""Searches as the tests make them, and the words and tokens that the index holds."""

from django.db import connection

from messaging.search import parse, search_messages, sqlite


def found(user, query, **options):
    """The texts that `user` finds, newest first."""
    return [message.content for message in search_messages(user, parse(query), **options)]


def count(user, query):
    """The number of hits that the first page states."""
    messages = list(search_messages(user, parse(query)))
    return messages[0].found if messages else 0


def words_in_index():
    """Every word of every text in the index, whether a search could find it or not."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE VIRTUAL TABLE temp.every_word USING fts5vocab(main, messaging_search, col)"
            )
            cursor.execute("SELECT term FROM temp.every_word WHERE col = 'content'")
            words = {word for (word,) in cursor.fetchall()}
            cursor.execute("DROP TABLE temp.every_word")
            return words
        cursor.execute(
            "SELECT DISTINCT lexeme FROM messaging_search, unnest(document) "
            "WHERE NOT starts_with(lexeme, '=')"
        )
        return {word for (word,) in cursor.fetchall()}


def tokens_of(*, sender, conversation, receiver, edited):
    """The tokens that the index would hold of a message with these values."""
    values = [7, "plum", sender, conversation, receiver, edited]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"SELECT {sqlite.entry('new')} FROM (SELECT %s AS id, %s AS content, "  # noqa: S608
                "%s AS sender_id, %s AS conversation_id, %s AS receiver_id, %s AS edited) AS new",
                values,
            )
            _id, _content, tokens = cursor.fetchone()
            return set(tokens.split())
        cursor.execute(
            "SELECT tsvector_to_array(messaging_search_document(%s, %s, %s, %s, %s, %s))", values
        )
        (lexemes,) = cursor.fetchone()
        # Those that begin with a digit are beginnings of words, "=b" is a block of ids.
        tokens = {lexeme[1:] for lexeme in lexemes if lexeme.startswith("=")}
        return {token for token in tokens if token[0] not in "0123456789b"}
