"""The order in which a person reads a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging.models import Participant

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def set_order(*, reader: User, conversation_pk: int, by_activity: bool) -> None:
    """Remember whether `reader` has this conversation in the order of its latest replies, or in that
    in which its threads began.
    """
    # No version rises: nothing that a page shows has changed, and what is cached names the order.
    mine = Participant.objects.filter(user=reader, conversation=conversation_pk)
    mine.update(by_activity=by_activity)
