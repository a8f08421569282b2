"""The text around a hit, in pieces: what was found, and what stands between."""

from __future__ import annotations

import re
from typing import NamedTuple

from messaging.search.query import Query, hits_in

LENGTH = 180  # characters shown
BEFORE = 50  # of those, before the first hit

_BLANK = re.compile(r"\s+")


class Piece(NamedTuple):
    text: str  # not escaped
    hit: bool


def pieces_around(content: str, query: Query) -> list[Piece]:
    """`content` on one line, cut to what stands around the first hit.

    Its beginning, if nothing of it is a hit: the filters alone have found it.
    """
    places = hits_in(content, query.terms, within=LENGTH)
    start, end = _window(content, places)
    pieces = [Piece("…", hit=False)] if start else []
    at = start
    for first, last in places:
        if first >= end or first < start:
            continue
        last = min(last, end)
        pieces += [Piece(content[at:first], hit=False), Piece(content[first:last], hit=True)]
        at = last
    pieces.append(Piece(content[at:end], hit=False))
    if end < len(content):
        pieces.append(Piece("…", hit=False))
    return [Piece(_BLANK.sub(" ", text), hit) for text, hit in pieces if text]


def _window(content: str, places: list[tuple[int, int]]) -> tuple[int, int]:
    """From which letter to which the text is shown: whole words, if they are not too long."""
    first = places[0][0] if places else 0
    start = 0
    if first > BEFORE:
        start = first - BEFORE
        gap = _BLANK.search(content, start, first)
        start = gap.end() if gap else start
    # A hit that is long itself is shown as far as there is room.
    end = start + LENGTH
    if end >= len(content.rstrip()):
        return start, len(content.rstrip())
    gap_at = max(content.rfind(blank, start, end) for blank in " \n")
    return start, gap_at if gap_at > first + LENGTH // 3 else end
