"""A query, parsed once: words, phrases and filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from messaging.words import Word, words_of

LONGEST = 200  # characters of a query
SHORTEST = 2  # letters of at least one word, unless there is a filter
MOST_WORDS = 24

# A phrase in double quotes, a filter whose value is in double quotes, or the next run without blanks.
_PIECE = re.compile(r'"(?P<phrase>[^"]*)"(?=\s|$)|(?P<filter>[a-z]+:"[^"]*"(?=\s|$))|(?P<bare>\S+)')
_TYPOGRAPHIC = str.maketrans("“”„«»", '"""""')


class Problem(Enum):
    """Why a query finds nothing before anything is searched."""

    EMPTY = "empty"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NO_WORD = "no word"


class Remark(Enum):
    """A part of the query that the person may have meant differently. The search runs anyway."""

    FILTER = "filter"  # a filter whose value is not valid: searched for as words
    QUOTE = "quote"  # a quotation mark without its partner: searched for as words
    LEFT_OUT = "left out"  # a character that no message can have


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other: several if they were quoted or joined ("well-being")."""

    words: tuple[str, ...]  # folded
    prefix: bool = False  # the last word may be the beginning of a longer word


@dataclass(slots=True)
class Query:
    """A parsed query. A message matches all terms and all filters, and any name of each filter."""

    text: str
    terms: list[Term] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # the people of `with:`
    before: date | None = None  # exclusive
    after: date | None = None  # exclusive
    unread: bool = False
    edited: bool = False
    problem: Problem | None = None
    remarks: list[tuple[Remark, str]] = field(default_factory=list)
    name: str = ""  # the query as the name of a person; empty if it is more than words

    @property
    def has_filters(self) -> bool:
        return bool(
            self.senders
            or self.receivers
            or self.others
            or self.before
            or self.after
            or self.unread
            or self.edited
        )


def parse(text: str) -> Query:
    """The query that `text` stands for. Every text gives a query, some with a `problem`."""
    query = Query(text)
    if len(text) > LONGEST:
        query.problem = Problem.TOO_LONG
        return query
    if "\0" in text:
        query.remarks.append((Remark.LEFT_OUT, ""))
        query.text = text = text.replace("\0", " ")
    last_word: int | None = None
    for match in _PIECE.finditer(text.translate(_TYPOGRAPHIC)):
        if match["phrase"] is not None:
            _add_term(query, match["phrase"])
            continue
        piece = match.group()
        if _add_filter(query, piece):
            continue
        if piece.startswith('"'):
            query.remarks.append((Remark.QUOTE, ""))
        if _add_term(query, piece):
            last_word = len(query.terms) - 1
    if last_word is not None:
        _make_prefix(query, last_word)
    del query.terms[MOST_WORDS:]
    query.problem = _problem(query)
    if not query.has_filters and '"' not in text:
        query.name = " ".join(text.split())
    return query


def _add_term(query: Query, text: str) -> bool:
    """Add the words of `text` as one term. False if `text` has no words."""
    words = tuple(word.folded for word in words_of(text))
    if words:
        query.terms.append(Term(words))
    return bool(words)


def _make_prefix(query: Query, number: int) -> None:
    """Let the last word that was typed match longer words: the person may still be typing it."""
    term = query.terms[number]
    if len(term.words[-1]) >= SHORTEST:
        query.terms[number] = Term(term.words, prefix=True)


def _problem(query: Query) -> Problem | None:
    if not query.text.strip():
        return Problem.EMPTY
    if query.has_filters:
        return None
    if not query.terms:
        return Problem.NO_WORD
    if all(len("".join(term.words)) < SHORTEST for term in query.terms):
        return Problem.TOO_SHORT
    return None


def _add_filter(query: Query, piece: str) -> bool:
    """Add `piece` as a filter. False if it is not one; an invalid value leaves a remark."""
    key, colon, value = piece.partition(":")
    key = key.lower()
    if not colon or key not in _FILTERS:
        return False
    if _FILTERS[key](query, value.strip('"').strip()):
        return True
    query.remarks.append((Remark.FILTER, piece))
    return False


def _add_name(names: list[str], value: str) -> bool:
    if any(words_of(value)):
        names.append(value)
        return True
    return False


def _before(query: Query, value: str) -> bool:
    day = _day(value)
    if day:
        query.before = min(query.before or day, day)
    return bool(day)


def _after(query: Query, value: str) -> bool:
    day = _day(value)
    if day:
        query.after = max(query.after or day, day)
    return bool(day)


def _day(value: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:  # 30 February
        return None
    # No message is from another year, and days of the years 1 and 9999 overflow in UTC.
    return day if 1900 <= day.year < 3000 else None


def _state(query: Query, value: str) -> bool:
    if value.lower() in ("unread", "edited"):
        setattr(query, value.lower(), True)
        return True
    return False


# Each adds the value to the query and returns whether the value is valid.
_FILTERS: dict[str, Callable[[Query, str], bool]] = {
    "from": lambda query, value: _add_name(query.senders, value),
    "to": lambda query, value: _add_name(query.receivers, value),
    "with": lambda query, value: _add_name(query.others, value),
    "before": _before,
    "after": _after,
    "is": _state,
}


def hits_in(text: str, terms: list[Term], within: int) -> list[tuple[int, int]]:
    """The spans of `text` that match a term: start and end, ascending, without overlap.

    Only spans that begin at most `within` characters after the start of the first one: a text can
    be long, and no more of it is shown.
    """
    found: list[tuple[int, int]] = []
    read: list[Word] = []  # the last words, as many as the longest term has
    longest = max((len(term.words) for term in terms), default=0)
    for word in words_of(text) if terms else ():
        if found and word.start > found[0][0] + within:
            break
        read = [*read[1 - longest :], word] if longest > 1 else [word]
        for term in terms:
            start = _start(term, read)
            if start is not None:
                _add_span(found, start, word.end)
    return found


def _start(term: Term, read: list[Word]) -> int | None:
    """The start of `term`, if it ends with the last word that was read; else None."""
    words = read[-len(term.words) :]
    *firsts, last = term.words
    end = words[-1].folded
    if not (end.startswith(last) if term.prefix else end == last):
        return None
    if len(words) < len(term.words) or [word.folded for word in words[:-1]] != firsts:
        return None
    return words[0].start


def _add_span(found: list[tuple[int, int]], start: int, end: int) -> None:
    while found and start <= found[-1][1]:
        earlier = found.pop()
        start, end = min(start, earlier[0]), max(end, earlier[1])
    found.append((start, end))
