"""Which accounts were erased, kept so that nobody can tell who they were.

A backup brings back whoever was in it. What `erased` holds is a keyed hash of each account that
went: enough for `restore` to know them again and erase them once more, and nothing to anybody who
reads it. It lies beside the database and is no part of a backup.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Before the hash of an account that was about to go, and of one that did not go after all.
BEGUN, TAKEN_BACK = "?", "-"


def _ledger() -> Path:
    return settings.DATA_DIR / "erased"


def fingerprint(pk: int, joined: datetime) -> str:
    """What stands for an account. Ids alone would not do: after a restore they are given again."""
    return salted_hmac(
        "accounts.erased", f"{pk}:{joined.timestamp()}", algorithm="sha256"
    ).hexdigest()


def _fingerprint_of(user: User) -> str:
    return fingerprint(user.pk, user.date_joined)


def begin(fingerprint: str) -> None:
    """Write down that an account is about to go, before that can be certain: a power cut between
    the two must not forget it. `remember` or `settle` has the last word.
    """
    _write([f"{BEGUN}{fingerprint}"])


def remember(fingerprints: Iterable[str]) -> None:
    """Write down that these accounts are gone."""
    _write(fingerprints)


def settle() -> None:
    """Decide about deletions that were begun and of which no end is known: whoever is in the
    database was not deleted. Not for a database that a backup has just brought back.
    """
    known = _known()
    begun = {one for one, mark in known.items() if mark == BEGUN}
    if begun:
        alive = {_fingerprint_of(user) for user in get_user_model().objects.all()}
        _write(sorted(begun - alive) + [f"{TAKEN_BACK}{one}" for one in sorted(begun & alive)])


def _write(lines: Iterable[str]) -> None:
    """Add to the ledger, and wait until the disk has it."""
    _ledger().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(_ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _known() -> dict[str, str]:
    """The last mark of each fingerprint in the ledger."""
    lines = _ledger().read_text().split() if is_kept() else []
    return {line.lstrip(BEGUN + TAKEN_BACK): line[:1] for line in lines}


def is_kept() -> bool:
    """Whether anybody was ever erased here, as far as this data folder knows."""
    return _ledger().exists()


def remembered() -> set[str]:
    """The fingerprints of all accounts that were erased here, or were about to be."""
    return {one for one, mark in _known().items() if mark != TAKEN_BACK}


def came_back() -> list[User]:
    """Accounts that are in the database though they were erased: a backup brought them along."""
    erased = remembered()
    return [
        user for user in get_user_model().objects.order_by("pk") if _fingerprint_of(user) in erased
    ]
