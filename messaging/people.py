"""Names of people, and finding people by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHORTEST_SEARCH = 2  # characters
MOST_FOUND = 8


def display_name(user: User) -> str:
    """What others see of `user`: the name they chose, else the one they sign in with."""
    return user.first_name or user.username


def people_named(text: str, *, searcher: User) -> QuerySet[User]:
    """At most eight people whose name or user name has `text`; nobody for less than two letters.

    Those whose name begins with it come first. Never `searcher`, and never a closed account.
    """
    people = get_user_model().objects
    text = " ".join(text.replace("\0", "").split())
    if len(text) < SHORTEST_SEARCH:
        return people.none()
    begins, has = Q(), Q()
    # SQLite folds the case of ASCII only; the other spellings are tried as they are.
    others = set() if text.isascii() else {text.lower(), text.upper(), text.title()}
    for spelling in {text, *others}:
        begins |= Q(first_name__istartswith=spelling) | Q(username__istartswith=spelling)
        has |= Q(first_name__icontains=spelling) | Q(username__icontains=spelling)
    return (
        people.filter(has, is_active=True)
        .exclude(pk=searcher.pk)
        .annotate(
            rank=Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField())
        )
        .order_by("rank", "first_name", "username")[:MOST_FOUND]
    )
