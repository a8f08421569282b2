"""Signals that this app sends. `messaging.signals` has its receivers."""

from django.dispatch import Signal

# Sent with `user_pks` after the commit of a change that these people can see. The change stays
# whatever a receiver does: its errors are logged.
mailboxes_changed = Signal()

# Sent with `user_pk`, inside the transaction after which nobody can see anything of an account. For
# a large account it is sent a second time, when the last row is deleted.
account_deleted = Signal()
