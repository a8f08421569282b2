"""Receivers of the domain's signals."""

from typing import Any

from django.dispatch import receiver

from chats.live.buses import bus
from messaging.events import Audience, change_committed


@receiver(change_committed, dispatch_uid="chats.publish_change")
def publish_change(sender: type, audience: Audience, **kwargs: Any) -> None:
    bus().publish(audience)
