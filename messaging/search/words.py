"""Words as both databases see them, so that a hit is marked where the index found it.

A word is a run of letters and digits, in lower case, without accents: what SQLite's `unicode61`
makes of a text with the help of `sqlite.py`, and what `postgresql.py` does in SQL. Scripts that
put no space between words (Chinese, Thai) are found by what follows a space or a sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MARKS = "\u0300-\u036f"  # the accents that Unicode writes behind a letter

# Letters that the decomposition below leaves alone, or SQLite does. й is no и: it stays.
PLAIN = dict(zip("άέήίΐϊόύΰϋώς", "αεηιιιουυυωσ", strict=True)) | {"ё": "е"}

_PLAIN = str.maketrans(PLAIN)
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{MARKS}])*")
_ACCENTED = re.compile(rf"([a-z])[{MARKS}]+")


class Word(NamedTuple):
    start: int
    end: int
    folded: str


def words_of(text: str) -> Iterator[Word]:
    """The words of `text`: where they stand, and as they are compared."""
    for match in _WORD.finditer(text):
        yield Word(match.start(), match.end(), fold(match.group()))


def fold(text: str) -> str:
    """`text` as it is compared: neither case nor accents matter."""
    text = text.lower()
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", _ACCENTED.sub(r"\1", apart))
