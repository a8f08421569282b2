"""Full-text search of messages: `search_messages(user, parse(text))`.

`query` parses what a person typed. `scope` decides whose messages the query covers. `sqlite` and
`postgresql` each keep an index and write the SQL that reads it; `index` chooses between them. Both
split texts into the same words (`messaging.words`), so that both find the same messages. `excerpts` marks
the hits in a text.
"""

from messaging.search.excerpts import Piece, pieces_around
from messaging.search.index import clean_up, index_of, is_migrated, keep_index, without_index
from messaging.search.message_search import COUNTED, PAGE, search_messages
from messaging.search.people import find_people
from messaging.search.query import LONGEST, Problem, Query, Remark, parse

__all__ = [
    "COUNTED",
    "LONGEST",
    "PAGE",
    "Piece",
    "Problem",
    "Query",
    "Remark",
    "clean_up",
    "find_people",
    "index_of",
    "is_migrated",
    "keep_index",
    "parse",
    "pieces_around",
    "search_messages",
    "without_index",
]
