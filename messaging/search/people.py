"""People whose name is what somebody looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Subquery

from messaging.people import people_named

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def people_found(name: str, reader: User) -> list[User]:
    """People of that name, at most eight; those whose name begins so come first.

    Each has `conversation`: the id of the one `reader` has with them, or None. One statement, in
    which the conversations are looked for only of those who are found.
    """
    # Imported here: models import the search.
    from messaging.models import Participant

    shared = Participant.objects.filter(
        user=OuterRef("pk"), conversation__participants__user=reader
    ).values("conversation_id")[:1]
    found = get_user_model().objects.filter(pk__in=people_named(name, searcher=reader).values("pk"))
    people = found.only("first_name", "username").annotate(conversation=Subquery(shared))
    beginning = " ".join(name.lower().split())

    def place(user: User) -> tuple[bool, str, str]:
        names = (user.first_name.lower(), user.username.lower())
        return (not any(one.startswith(beginning) for one in names), *names)

    return sorted(people, key=place)
