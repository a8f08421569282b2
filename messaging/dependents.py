"""What hangs off a message: one list, for everything that deletes messages.

Foreign keys do nothing on delete (`models.DO_NOTHING`), so a row that is forgotten here fails the
transaction at its commit. A test compares the list with the models.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from messaging.models import Draft, MessageHistory, Notification

# Models with a foreign key `message`, whose rows go with their message.
MODELS = (MessageHistory, Notification, Draft)


def delete_dependents(messages: Collection[int] | QuerySet[Any, Any]) -> None:
    """Delete the rows of every model in `MODELS` that belong to these messages: a query each.

    `messages` are ids, no more than `transactions.in_chunks` gives at once, or a queryset of ids.
    """
    for model in MODELS:
        model._base_manager.filter(message__in=messages).delete()


def delete_drafts(conversations: Collection[int], author_pk: int | None = None) -> None:
    """Delete the drafts in these conversations (ids): those of one author, or everybody's."""
    drafts = Draft.objects.filter(conversation__in=conversations)
    if author_pk is not None:
        drafts = drafts.filter(author=author_pk)
    drafts.delete()
