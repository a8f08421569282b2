"""What somebody asks for, taken apart once: words, phrases and filters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from messaging.search.words import Word, words_of

LONGEST = 200  # characters of a question
SHORTEST = 2  # letters of at least one word, unless there is a filter
MOST_WORDS = 24

# What stands in double quotes, or the next run of anything else, with quotes after a colon.
_PIECE = re.compile(r'"(?P<phrase>[^"]*)"(?=\s|$)|(?P<filter>[a-z]+:"[^"]*"(?=\s|$))|(?P<bare>\S+)')
_TYPOGRAPHIC = str.maketrans("“”„«»", '"""""')


class Problem(Enum):
    """Why a question cannot be answered."""

    EMPTY = "empty"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NO_WORD = "no word"


class Remark(Enum):
    """What was not taken as it was perhaps meant. The question is answered all the same."""

    FILTER = "filter"  # its value makes no sense: taken as words
    QUOTE = "quote"  # a quotation mark without another: taken as words
    LEFT_OUT = "left out"  # a character that no message can have


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other: one, unless they were quoted or joined ("well-being")."""

    words: tuple[str, ...]  # folded
    prefix: bool = False  # the last word is only the beginning of one


@dataclass(slots=True)
class Query:
    """A question. All terms and all filters have to be met; names of one filter, any of them."""

    text: str
    terms: list[Term] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # on whichever side
    before: date | None = None
    after: date | None = None  # this day is left out as well
    unread: bool = False
    edited: bool = False
    problem: Problem | None = None
    remarks: list[tuple[Remark, str]] = field(default_factory=list)
    name: str = ""  # the question as the name of somebody; empty if it is more than words

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
    """What `text` asks for. Whatever it is, there is an answer: at worst a `problem`."""
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
        if _is_filter(query, piece):
            continue
        if piece.startswith('"'):
            query.remarks.append((Remark.QUOTE, ""))
        if _add_term(query, piece):
            last_word = len(query.terms) - 1
    if last_word is not None:
        _open_end(query, last_word)
    del query.terms[MOST_WORDS:]
    query.problem = _problem(query)
    if not query.has_filters and '"' not in text:
        query.name = " ".join(text.split())
    return query


def _add_term(query: Query, text: str) -> bool:
    words = tuple(word.folded for word in words_of(text))
    if words:
        query.terms.append(Term(words))
    return bool(words)


def _open_end(query: Query, place: int) -> None:
    """Let the last word that was typed be the beginning of one: it may not be finished yet."""
    term = query.terms[place]
    if len(term.words[-1]) >= SHORTEST:
        query.terms[place] = Term(term.words, prefix=True)


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


def _is_filter(query: Query, piece: str) -> bool:
    key, colon, value = piece.partition(":")
    key = key.lower()
    if not colon or key not in _FILTERS:
        return False
    if _FILTERS[key](query, value.strip('"').strip()):
        return True
    query.remarks.append((Remark.FILTER, piece))
    return False


def _name(names: str):
    def take(query: Query, value: str) -> bool:
        if any(words_of(value)):
            getattr(query, names).append(value)
            return True
        return False

    return take


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
    # Nothing was written in other years, and some of them have no time zones.
    return day if 1900 <= day.year < 3000 else None


def _state(query: Query, value: str) -> bool:
    if value.lower() in ("unread", "edited"):
        setattr(query, value.lower(), True)
        return True
    return False


_FILTERS = {
    "from": _name("senders"),
    "to": _name("receivers"),
    "with": _name("others"),
    "before": _before,
    "after": _after,
    "is": _state,
}


def hits_in(text: str, terms: list[Term], within: int) -> list[tuple[int, int]]:
    """Where in `text` the terms are found, as places of letters, in order and apart.

    Nothing is looked for further than `within` letters behind the beginning of the first: a text
    can be long, and only so much of it is shown.
    """
    found: list[tuple[int, int]] = []
    read: list[Word] = []
    longest = max((len(term.words) for term in terms), default=0)
    for word in words_of(text) if terms else ():
        if found and word.start > found[0][0] + within:
            break
        read = [*read[1 - longest :], word] if longest > 1 else [word]
        for term in terms:
            start = _start(term, read)
            if start is not None:
                _add_place(found, start, word.end)
    return found


def _start(term: Term, read: list[Word]) -> int | None:
    """Where `term` begins, if it ends with the last word read."""
    words = read[-len(term.words) :]
    *firsts, last = term.words
    end = words[-1].folded
    if not (end.startswith(last) if term.prefix else end == last):
        return None
    if len(words) < len(term.words) or [word.folded for word in words[:-1]] != firsts:
        return None
    return words[0].start


def _add_place(found: list[tuple[int, int]], start: int, end: int) -> None:
    while found and start <= found[-1][1]:
        earlier = found.pop()
        start, end = min(start, earlier[0]), max(end, earlier[1])
    found.append((start, end))
