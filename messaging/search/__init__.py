"""Finding messages by what they say: `Message.objects.search(user, parse(text))`.

`query` takes a question apart; `scope` says whose messages it is about; `sqlite` and `postgresql`
each keep an index and ask it. Both hold the same words (`words`), so that both find the same, and
`excerpts` marks what they found.
"""

from messaging.search.excerpts import Piece, pieces_around
from messaging.search.hits import COUNTED, PAGE, search
from messaging.search.index import clean_up, index_of, keep_index, without_index
from messaging.search.people import people_found
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
    "index_of",
    "keep_index",
    "parse",
    "people_found",
    "pieces_around",
    "search",
    "without_index",
]
