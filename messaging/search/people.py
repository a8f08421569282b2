"""The people whose name is what a person searches for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging.models import Participant
from messaging.people import people_named

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def find_people(name: str, reader: User) -> list[tuple[User, int | None]]:
    """The people of that name, at most eight, in the order of `people_named`.

    With each the id of the conversation that `reader` has with them, or None. Two statements: the
    second looks for conversations only of the people that the first found.
    """
    found = list(people_named(name, searcher=reader).only("first_name", "username"))
    shared = Participant.objects.filter(user__in=found, conversation__participants__user=reader)
    conversations = dict(shared.values_list("user_id", "conversation_id"))
    return [(user, conversations.get(user.pk)) for user in found]
