"""What is stored of accounts that were deleted, while their messages are being removed.

`services/erasing.py` says how. Both tables are empty nearly always.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone


class ErasedAccount(models.Model):
    """An account that was deleted, and whose messages are being removed (services/erasing.py).

    Its row of the user holds nothing but the place that these messages point to.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, primary_key=True, related_name="+"
    )
    # When a batch of it was last removed.
    touched_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"erased account {self.user_id}"


class ErasedConversation(models.Model):
    """A conversation in which nobody takes part any more, and which is being removed."""

    conversation = models.OneToOneField(
        "messaging.Conversation", models.DO_NOTHING, primary_key=True, related_name="+"
    )
    account = models.ForeignKey(ErasedAccount, models.DO_NOTHING, related_name="+")

    def __str__(self) -> str:
        return f"erased conversation {self.conversation_id}"


def in_sight() -> Q:
    """Of messages: not in a conversation that is being removed with one of its people.

    Only what is found without asking who takes part has to say so. Nearly always there is no
    such conversation, and an empty list costs nothing.
    """
    return ~Q(conversation__in=ErasedConversation.objects.values("pk"))


def told_in_sight() -> Q:
    """The same, of notifications."""
    # By the key, which is what an index answers.
    erased = ErasedConversation.objects.filter(pk__gt=0)
    theirs = erased.filter(conversation__messages=OuterRef("message"))
    # The first question is asked once: while nothing is being removed, rows cost nothing more.
    return Q(~Exists(erased)) | Q(~Exists(theirs))
