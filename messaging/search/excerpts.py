"""The text around a hit, in pieces: the hits, and the text between them."""

from __future__ import annotations

import re
from typing import NamedTuple

from messaging.search.query import Query, hits_in
from messaging.text import character_end, character_start, cut

LENGTH = 180  # characters shown
BEFORE = 50  # characters shown before the first hit

_BLANK = re.compile(r"\s+")


class Piece(NamedTuple):
    text: str  # not escaped
    hit: bool


def pieces_around(content: str, query: Query) -> list[Piece]:
    """The part of `content` around the first hit, on one line, in pieces that join to the text.

    An ellipsis at either end stands for text that is left out. If `content` has no hit, because
    filters alone found it, these are the pieces of its beginning.
    """
    spans = hits_in(content, query.terms, within=LENGTH)
    start, end = _window(content, spans)
    pieces = [Piece("…", hit=False)] if start else []
    position = start
    for first, last in spans:
        first = character_start(content, first)
        if not position <= first < end:
            continue
        last = min(character_end(content, last), end)
        pieces += [Piece(content[position:first], hit=False), Piece(content[first:last], hit=True)]
        position = last
    pieces.append(Piece(content[position:end], hit=False))
    if end < len(content):
        pieces.append(Piece("…", hit=False))
    return [Piece(_BLANK.sub(" ", text), hit) for text, hit in pieces if text]


def _window(content: str, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """The start and the end of the text that is shown: at whole words, if these are short enough,
    and always at whole characters.
    """
    first = spans[0][0] if spans else 0
    start = 0
    if first > BEFORE:
        start = min(character_end(content, first - BEFORE), first)
        gap = _BLANK.search(content, start, first)
        start = gap.end() if gap else start
    # A hit that is longer than the window is cut.
    end = start + len(cut(content[start:], LENGTH))
    if end >= len(content.rstrip()):
        return start, len(content.rstrip())
    last_blank = max(content.rfind(blank, start, end) for blank in " \n")
    return start, last_blank if last_blank > first + LENGTH // 3 else end
