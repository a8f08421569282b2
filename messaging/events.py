"""Signals that this app sends. `messaging.signals` has its receivers."""

from __future__ import annotations

from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class Audience:
    """Who can see a change: these people, and everybody who takes part in these conversations."""

    people: frozenset[int] = frozenset()
    conversations: frozenset[int] = frozenset()

    def __or__(self, other: Audience) -> Audience:
        return Audience(self.people | other.people, self.conversations | other.conversations)

    def __len__(self) -> int:
        """How many ids it names."""
        return len(self.people) + len(self.conversations)


# Sent with `audience` after the commit of a change that this audience can see. An error in a
# receiver is logged; it does not undo the change.
change_committed = Signal()

# Sent with `user_pk`, inside the transaction after which nobody can see anything of an account. For
# a large account it is sent a second time, when the last row is deleted.
account_deleted = Signal()
