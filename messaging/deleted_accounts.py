"""Accounts that were deleted while batches still delete their messages.

`services/batched_deletion.py` fills and empties both tables. They are empty nearly always.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone


class DeletedAccount(models.Model):
    """A deleted account that messages still point to.

    Its user row holds nothing of the person. It exists for the foreign keys of those messages.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, primary_key=True, related_name="+"
    )
    # When its last batch was deleted.
    touched_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"deleted account {self.user_id}"


class DeletedConversation(models.Model):
    """A conversation without participants, which batches delete."""

    conversation = models.OneToOneField(
        "messaging.Conversation", models.DO_NOTHING, primary_key=True, related_name="+"
    )
    account = models.ForeignKey(DeletedAccount, models.DO_NOTHING, related_name="+")

    def __str__(self) -> str:
        return f"deleted conversation {self.conversation_id}"


def not_being_deleted() -> Q:
    """The condition on messages that no batch is deleting their conversation.

    Only a query that does not ask who takes part needs it. The list is nearly always empty, and
    then the condition costs nothing.
    """
    return ~Q(conversation__in=DeletedConversation.objects.values("pk"))


def message_not_being_deleted() -> Q:
    """The same condition on notifications, about their messages."""
    # An index answers a condition on the key.
    deleted = DeletedConversation.objects.filter(pk__gt=0)
    theirs = deleted.filter(conversation__messages=OuterRef("message"))
    # The database evaluates the first subquery once. While nothing is being deleted, the second
    # one is not evaluated for any row.
    return Q(~Exists(deleted)) | Q(~Exists(theirs))
