"""What is stored of accounts that were deleted, while their messages are being removed.

`services/erasing.py` says how. Both tables are empty nearly always.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
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
