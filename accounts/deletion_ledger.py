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

# Before the hash of an account: nothing if it is gone, or that it was about to go, or that it did not.
GONE, BEGUN, TAKEN_BACK = "", "?", "-"


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
    begun = _marked(BEGUN)
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


def _marked(mark: str) -> set[str]:
    """The fingerprints whose last mark in the ledger is this one."""
    lines = _ledger().read_text().split() if is_kept() else []
    # Of each the last line counts.
    last = {line.lstrip(BEGUN + TAKEN_BACK): line for line in lines}
    return {one for one, line in last.items() if line == f"{mark}{one}"}


def is_kept() -> bool:
    """Whether anybody was ever erased here, as far as this data folder knows."""
    return _ledger().exists()


def remembered() -> set[str]:
    """The fingerprints of all accounts that were erased here."""
    return _marked(GONE)


def came_back() -> list[User]:
    """Accounts that are in the database though they were erased: a backup brought them along."""
    return _people(remembered())


def undecided() -> list[User]:
    """Accounts in the database whose deletion was begun, and of which nobody knows whether it
    succeeded: it failed or the power went, and the server has not been started since.
    """
    return _people(_marked(BEGUN))


def _people(fingerprints: set[str]) -> list[User]:
    everybody = get_user_model().objects.order_by("pk")
    return [user for user in everybody if _fingerprint_of(user) in fingerprints]
