"""The people whose name is what a person searches for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Subquery

from messaging.models import Participant
from messaging.people import people_named

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def find_people(name: str, reader: User) -> list[User]:
    """The people of that name, at most eight; names that begin with `name` come first.

    Each has `conversation`: the id of the conversation that `reader` has with them, or None. One
    statement, which looks for conversations only of the people it found.
    """
    shared = Participant.objects.filter(
        user=OuterRef("pk"), conversation__participants__user=reader
    ).values("conversation_id")[:1]
    found = get_user_model().objects.filter(pk__in=people_named(name, searcher=reader).values("pk"))
    people = found.only("first_name", "username").annotate(conversation=Subquery(shared))
    beginning = " ".join(name.lower().split())

    def rank(user: User) -> tuple[bool, str, str]:
        names = (user.first_name.lower(), user.username.lower())
        return (not any(one.startswith(beginning) for one in names), *names)

    return sorted(people, key=rank)
