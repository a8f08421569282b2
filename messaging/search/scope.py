"""Whose messages a question is about, as tokens that stand in the index beside the words.

Each message carries the token of who sent it and of who received it. With them the index itself
leaves out what is not the reader's: somebody with few messages who asks for a common word would
otherwise pay for everybody's. Two people, so one token for each side says all that a token for
the conversation would, stays two tokens however many conversations the reader has, and answers
`from:` and `to:` as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from messaging.people import display_name
from messaging.search.words import words_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.search.query import Query

# "me" is the reader in every language there is so far.
ME = "me"


@dataclass(frozen=True, slots=True)
class Side:
    """Messages on one side of the reader: sent by them, or received."""

    sent: bool
    others: frozenset[int] | None = None  # None: anybody


@dataclass(frozen=True, slots=True)
class Scope:
    """Which messages of `reader_pk` are meant: those of any of `sides`."""

    reader_pk: int
    sides: tuple[Side, ...]

    def tokens(self) -> list[tuple[str, list[str]]]:
        """For each side the reader's own token, and those of which one has to be there too."""
        tokens = []
        for side in self.sides:
            own, other = ("s", "r") if side.sent else ("r", "s")
            others = [f"{other}{pk}" for pk in sorted(side.others or ())]
            tokens.append((f"{own}{self.reader_pk}", others))
        return tokens


def scope_of(query: Query, reader: User) -> Scope:
    """Names become people: one statement, if there are names."""
    senders, receivers, others = query.senders, query.receivers, query.others
    if not (senders or receivers or others):
        return Scope(reader.pk, (Side(sent=True), Side(sent=False)))
    known = _people_known_to(reader)
    from_whom, to_whom, with_whom = (
        _named(names, known, reader) for names in (senders, receivers, others)
    )
    sides = []
    if from_whom is None or reader.pk in from_whom:
        sides.append(Side(sent=True, others=_both(to_whom, with_whom)))
    if to_whom is None or reader.pk in to_whom:
        sides.append(Side(sent=False, others=_both(from_whom, with_whom)))
    # Nobody of that name: nothing is found, rather than everything.
    return Scope(reader.pk, tuple(side for side in sides if side.others != frozenset()))


def _people_known_to(reader: User) -> dict[int, set[str]]:
    """The people `reader` has a conversation with, by id: the words of their names."""
    people = get_user_model().objects.filter(
        participations__conversation__participants__user=reader
    )
    return {
        user.pk: _words(f"{user.first_name} {user.username}")
        for user in people.only("first_name", "username").order_by()
    }


def _words(text: str) -> set[str]:
    return {word.folded for word in words_of(text)}


def _named(names: list[str], known: dict[int, set[str]], reader: User) -> frozenset[int] | None:
    if not names:
        return None
    known = {**known, reader.pk: _words(f"{display_name(reader)} {reader.username} {ME}")}
    return frozenset(
        pk
        for pk, words in known.items()
        for name in names
        if all(any(word.startswith(wanted) for word in words) for wanted in _words(name))
    )


def _both(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other
