"""Names of people, finding people by them, and who may write to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Case, Q, QuerySet, Value, When

from messaging.folded_names import START, folded
from messaging.words import words_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_FOUND = 8
# So many people are listed before a name is typed; where there are more, nobody is.
MOST_LISTED = 49


def display_name(user: User) -> str:
    """The name that others see: the one that `user` chose, else the user name."""
    return user.first_name or user.username


def people_to_write_to(sender: User) -> QuerySet[User]:
    """The people `sender` may write to: everybody else whose account is open, in no order."""
    return get_user_model().objects.filter(is_active=True).exclude(pk=sender.pk)


def may_write_to(sender: User, receiver: User) -> bool:
    """Whether `receiver` is among `people_to_write_to(sender)`, without asking the database."""
    return receiver.is_active and receiver.pk != sender.pk


def people_listed(searcher: User) -> list[User]:
    """All people to write to, by name; nobody if they are more than `MOST_LISTED`."""
    # Sorted here: a database would sort all people to find out that they are too many.
    people = list(people_to_write_to(searcher)[: MOST_LISTED + 1])
    if len(people) > MOST_LISTED:
        return []
    return sorted(people, key=lambda user: (folded(display_name(user)), user.username))


def people_named(text: str, *, searcher: User) -> QuerySet[User]:
    """At most eight people to write to whose name or user name has every word of `text`.

    The words may stand in any order, without accents, and each may be a part of a longer word;
    a single letter has to begin one. First come the names that begin with `text`, then those of
    which the words are beginnings.
    """
    people = people_to_write_to(searcher)
    words = list(dict.fromkeys(word.folded for word in words_of(text)))
    if not words:
        return people.none()
    parts, beginnings = Q(), Q()
    for word in words:
        parts &= _has(word)
        beginnings &= _has(START + word) | _has(f" {word}")
    whole = " ".join(word.folded for word in words_of(text))
    return (
        people.filter(beginnings if len(whole) == 1 else parts)
        .annotate(
            rank=Case(
                When(_has(START + whole), then=Value(0)),
                When(beginnings, then=Value(1)),
                default=Value(2),
            )
        )
        .order_by("rank", "folded_names__names")[:MOST_FOUND]
    )


def _has(part: str) -> Q:
    return Q(folded_names__names__contains=part)
