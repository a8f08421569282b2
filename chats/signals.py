"""What the browser's side makes of news."""

from django.dispatch import receiver

from chats.live.buses import bus
from messaging.events import mailboxes_changed


@receiver(mailboxes_changed, dispatch_uid="chats.tell_open_windows")
def tell_open_windows(sender, user_pks, **kwargs):
    bus().publish(user_pks)
