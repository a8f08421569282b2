"""What tests of the search ask, and a look into the index itself."""

from django.db import connection

from messaging.models import Message
from messaging.search import parse


def found(user, question, **more):
    """The texts that `user` finds, newest first."""
    return [message.content for message in Message.objects.search(user, parse(question), **more)]


def count(user, question):
    """How many there are, as it is said of the first page."""
    messages = list(Message.objects.search(user, parse(question)))
    return messages[0].found if messages else 0


def words_in_index():
    """Every word of every text that the index knows, whatever is found by asking."""
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
