"""Mailboxes: the version that the pages of each person depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import F

from common.compiled_queries import CompiledQuery
from messaging.events import Audience, change_committed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User


_VERSIONS = "SELECT user_id, version FROM messaging_mailbox"
_MEMBERS = "SELECT user_id FROM messaging_participant WHERE conversation_id"


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def of(self, user: User) -> Mailbox:
        """The mailbox of `user`; a new one with the defaults, not saved, if there is none."""
        mailbox: Mailbox | None = getattr(user, "mailbox", None)
        return mailbox or self.model(user=user)

    def versions_of(self, user_pks: Iterable[int]) -> dict[int, int]:
        """The versions of these people's mailboxes, by person."""
        return self._versions(user_pks, "user_id IN ({})")

    def versions_in(self, conversation_pks: Iterable[int]) -> dict[int, int]:
        """The mailbox versions of everybody who takes part in these conversations, by person."""
        return self._versions(conversation_pks, f"user_id IN ({_MEMBERS} IN ({{}}))")

    def _versions(self, pks: Iterable[int], condition: str) -> dict[int, int]:
        # Read for everybody who has a window open, ten times a second on SQLite. Django takes six
        # times as long to compile a query with a thousand ids.
        listed = list(pks)
        found: dict[int, int] = {}
        with connections[self.db].cursor() as cursor:
            for start in range(0, len(listed), 1000):
                some = listed[start : start + 1000]
                places = ", ".join(["%s"] * len(some))
                cursor.execute(f"{_VERSIONS} WHERE {condition.format(places)}", some)
                found.update(cursor.fetchall())
        return found

    def raise_versions(self, user_pks: Iterable[int], audience: Audience | None = None) -> None:
        """Raise the mailbox versions of these people: something that they can see has changed.

        After the commit, `events.change_committed` is sent with `audience`. Name the conversation
        there if everybody in it can see the change. Without `audience`, the signal names the people.
        """
        pks = sorted(set(user_pks))
        if audience is None:
            audience = Audience(people=frozenset(pks))
        # In parts: databases limit the parameters of one statement.
        for start in range(0, len(pks), 1000):
            self._raise_some(pks[start : start + 1000])
        transaction.on_commit(
            lambda: change_committed.send_robust(self.model, audience=audience), using=self.db
        )

    def _raise_some(self, pks: list[int]) -> None:
        mine = self.filter(pk__in=pks)
        if connections[self.db].features.has_select_for_update:
            # An UPDATE locks rows in the order in which it finds them, so two would deadlock.
            if len(pks) == 2:  # every message does this
                _LOCK_TWO.rows(*pks)
            else:
                list(_locked(pks))
        if mine.update(version=F("version") + 1) < len(pks):
            self.bulk_create([self.model(user_id=pk) for pk in pks], ignore_conflicts=True)
            mine.update(version=F("version") + 1)


class Mailbox(models.Model):
    """What the pages of one person depend on: a version."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, primary_key=True, related_name="mailbox"
    )
    # Rises with every change that this person can see.
    version = models.PositiveBigIntegerField(default=0, editable=False)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return f"mailbox of user {self.user_id}"


def _locked(pks: list[int]) -> models.QuerySet[Any, tuple[Any, ...]]:
    mine = Mailbox.objects.filter(pk__in=pks).order_by("pk")
    return mine.select_for_update(no_key=True).values_list("pk")


_LOCK_TWO = CompiledQuery(lambda one, other: _locked([one, other]))
