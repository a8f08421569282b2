"""The names of people as a search compares them: folded by `words.fold`, and kept in a table.

Neither database can fold a name as Python does, so the folded form is stored. A receiver keeps it
when somebody is saved. `bulk_create()` and `update()` send no signals: code that names people by
them calls `fold_names`. `fold_missing` runs after each `migrate` and folds the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, models

from messaging.deleted_accounts import DeletedAccount
from messaging.words import FOLDING, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

START = "\n"  # before each of the two names; a space stands before every other word
BATCH = 1000  # rows


class FoldedNames(models.Model):
    """The name and the user name of one person, folded."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        primary_key=True,
        related_name="folded_names",
    )
    names = models.TextField(editable=False)
    # `words.FOLDING` when it was folded.
    folding = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        verbose_name_plural = "folded names"

    def __str__(self) -> str:
        return f"folded names of user {self.user_id}"


def folded(text: str) -> str:
    """The words of `text`, folded, with spaces between them."""
    return " ".join(word.folded for word in words_of(text))


def fold_names(people: Iterable[User], using: str = DEFAULT_DB_ALIAS) -> None:
    """Store the folded names of these people, or replace them."""
    FoldedNames.objects.using(using).bulk_create(
        [
            FoldedNames(
                user_id=user.pk,
                names="".join(
                    START + names
                    for name in (user.first_name, user.get_username())
                    if (names := folded(name))
                ),
                folding=FOLDING,
            )
            for user in people
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["names", "folding"],
    )


def fold_missing(using: str) -> None:
    """Fold the names that no receiver has folded, or that an earlier release folded otherwise."""
    people = get_user_model()._base_manager.using(using)
    missing = people.exclude(
        pk__in=FoldedNames.objects.filter(folding=FOLDING).values("pk")
    ).exclude(pk__in=DeletedAccount.objects.values("pk"))
    while some := list(missing.only("first_name", "username")[:BATCH]):
        fold_names(some, using)
