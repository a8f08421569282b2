"""Words of messages and of names, folded in one way: what is typed finds both.

A word is a run of letters and digits, in lower case and without accents. SQLite's `unicode61`
splits a message into these words with the help of `search/sqlite.py`; `search/postgresql.py` does
the same in SQL. So a hit is marked where the index found it.
In scripts that put no space between words (Chinese, Thai), a search finds a text by the letters
that follow a space or a sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MARKS = "\u0300-\u036f"  # the accents that Unicode writes after a letter

# The letters that the decomposition below or SQLite leaves as they are. "й" is not "и": it stays.
PLAIN = dict(zip("άέήίΐϊόύΰϋώςłøđð", "αεηιιιουυυωσlodd", strict=True)) | {"ё": "е"}
# The letters that people without them write as two.
PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# The number of this folding. It rises with every change of what `fold` gives: stored names are
# then folded again.
FOLDING = 1

_PLAIN = str.maketrans(PLAIN | PAIRS)
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{MARKS}])*")
_ACCENTED = re.compile(rf"([a-z])[{MARKS}]+")


class Word(NamedTuple):
    start: int
    end: int
    folded: str


def words_of(text: str) -> Iterator[Word]:
    """The words of `text`: their positions in it, and their folded forms."""
    for match in _WORD.finditer(text):
        yield Word(match.start(), match.end(), fold(match.group()))


def fold(text: str) -> str:
    """`text` in the form in which words are compared: neither case nor accents matter."""
    text = text.lower()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", _ACCENTED.sub(r"\1", decomposed))
