"""Names of people, finding people by them, and who may write to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHORTEST_SEARCH = 2  # characters
MOST_FOUND = 8


def display_name(user: User) -> str:
    """The name that others see: the one that `user` chose, else the user name."""
    return user.first_name or user.username


def people_to_write_to(sender: User) -> QuerySet[User]:
    """The people `sender` may write to: everybody else whose account is open, in no order."""
    return get_user_model().objects.filter(is_active=True).exclude(pk=sender.pk)


def may_write_to(sender: User, receiver: User) -> bool:
    """Whether `receiver` is among `people_to_write_to(sender)`, without asking the database."""
    return receiver.is_active and receiver.pk != sender.pk


def people_named(text: str, *, searcher: User) -> QuerySet[User]:
    """At most eight people to write to whose name or user name contains `text`.

    People whose name begins with `text` come first. Fewer than two letters find nobody.
    """
    people = people_to_write_to(searcher)
    text = " ".join(text.replace("\0", "").split())
    if len(text) < SHORTEST_SEARCH:
        return people.none()
    begins, has = Q(), Q()
    # SQLite ignores the case of ASCII letters only, so other letters are tried in each case.
    others = set() if text.isascii() else {text.lower(), text.upper(), text.title()}
    for spelling in {text, *others}:
        begins |= Q(first_name__istartswith=spelling) | Q(username__istartswith=spelling)
        has |= Q(first_name__icontains=spelling) | Q(username__icontains=spelling)
    return (
        people.filter(has)
        .annotate(
            rank=Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField())
        )
        .order_by("rank", "first_name", "username")[:MOST_FOUND]
    )
