"""Text as people see it: which characters it has, and whether it is visible.

"Character" means here what a person sees as one character, for example "é", a flag or a family.
Unicode calls it a grapheme cluster. It can consist of several code points.
"""

from __future__ import annotations

import regex

_CHARACTER = regex.compile(r"\X")
# The last four code points are blank, although Unicode counts them as letters and symbols: the
# Braille blank, the null notehead and two Egyptian blanks.
_VISIBLE = regex.compile(
    r"[^\p{Default_Ignorable_Code_Point}\p{Z}\p{Cc}\p{Cf}\u2800\U0001d159\U00013441\U00013442]"
)


def shows_something(text: str) -> bool:
    """Whether `text` has anything that a reader can see."""
    return _VISIBLE.search(text) is not None


def cut(text: str, length: int) -> str:
    """The longest beginning of `text` that has at most `length` code points and ends between two
    characters.

    If the first character alone is longer than `length`, it is cut.
    """
    return text if len(text) <= length else text[: character_start(text, length) or length]


def character_start(text: str, position: int) -> int:
    """`position`, or, if it lies inside a character, the start of that character."""
    while not _is_between_characters(text, position):
        position -= 1
    return position


def character_end(text: str, position: int) -> int:
    """`position`, or, if it lies inside a character, the end of that character."""
    # \X that starts inside a character matches the rest of that character.
    return next(_CHARACTER.finditer(text, position - 1)).end() if position else 0


def _is_between_characters(text: str, position: int) -> bool:
    if not 0 < position < len(text):
        return True
    return next(_CHARACTER.finditer(text, position - 1, position + 1)).end() == position


def first_letter(word: str) -> str:
    """The first letter or digit of `word`, as a whole character; "" if `word` has none."""
    for position, code_point in enumerate(word):
        if code_point.isalnum():
            return word[position : character_end(word, position + 1)]
    return ""
