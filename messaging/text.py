"""Text as people see it: whole characters, and whether anything of it shows.

What a person sees as one character ("é", a flag, a family) can be several code points: Unicode
calls it a grapheme cluster.
"""

from __future__ import annotations

import regex

_CHARACTER = regex.compile(r"\X")
# The last four are drawn as nothing, although Unicode counts them as letters and symbols:
# Braille blank, null notehead and the two Egyptian blanks.
_SHOWS = regex.compile(
    r"[^\p{Default_Ignorable_Code_Point}\p{Z}\p{Cc}\p{Cf}\u2800\U0001d159\U00013441\U00013442]"
)


def shows_something(text: str) -> bool:
    """Whether a reader can see anything of `text`."""
    return _SHOWS.search(text) is not None


def cut(text: str, length: int) -> str:
    """The beginning of `text`: at most `length` code points, and only whole characters.

    Only a character that is longer than `length` by itself is cut.
    """
    return text if len(text) <= length else text[: character_start(text, length) or length]


def character_start(text: str, position: int) -> int:
    """`position`, or where the character begins in the middle of which it lies."""
    while not _is_between_characters(text, position):
        position -= 1
    return position


def character_end(text: str, position: int) -> int:
    """`position`, or where the character ends in the middle of which it lies."""
    # From the middle of a character, \X matches the rest of it.
    return next(_CHARACTER.finditer(text, position - 1)).end() if position else 0


def _is_between_characters(text: str, position: int) -> bool:
    if not 0 < position < len(text):
        return True
    return next(_CHARACTER.finditer(text, position - 1, position + 1)).end() == position


def first_letter(word: str) -> str:
    """The first letter or digit of `word` with the marks on it; empty if `word` has none."""
    for position, code_point in enumerate(word):
        if code_point.isalnum():
            return word[position : character_end(word, position + 1)]
    return ""
