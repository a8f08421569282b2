"""What the domain keeps for a person when their account is created or renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from messaging.events import Audience
from messaging.mailboxes import Mailbox
from messaging.models import Conversation
from messaging.services.transactions import in_chunks, lock, one_transaction, people_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def open_mailbox(user: User) -> None:
    """Create the mailbox of a new person, if there is none."""
    Mailbox.objects.get_or_create(user=user)


@one_transaction
def refresh_conversations_of(user_pk: int) -> None:
    """Invalidate every page that shows the old name of this person."""
    conversations = Conversation.objects.filter(participants__user=user_pk)
    lock(conversations)
    pks = list(conversations.values_list("pk", flat=True))
    for some in in_chunks(pks):
        Conversation.objects.filter(pk__in=some).update(version=F("version") + 1)
    # The person as well: they may have other windows open, and no conversation.
    audience = Audience(people=frozenset({user_pk}), conversations=frozenset(pks))
    Mailbox.objects.raise_versions({user_pk, *people_in(pks)}, audience)
