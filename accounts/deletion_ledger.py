"""The deletion ledger: which accounts were deleted, in a form that reveals nobody.

A restored backup brings back every account that it contains. The ledger is the file `erased` in the
data folder, and no part of a backup. It holds a keyed hash of each deleted account: `restore` can
recognize these accounts and delete them again, and a reader of the file learns nothing.
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

# The mark before a fingerprint: the account was deleted; its deletion has started; its deletion
# failed, and the account exists. The last line about a fingerprint counts.
DELETED, STARTED, FAILED = "", "?", "-"


def _ledger() -> Path:
    # The name is older than the word "deleted", and existing data folders have it.
    return Path(settings.DATA_DIR) / "erased"


def fingerprint(pk: int, joined: datetime) -> str:
    """The keyed hash of an account: 64 hexadecimal digits.

    An id is not enough: after a restore the database gives the same ids to other people.
    """
    # The salt belongs to the format of the ledger.
    return salted_hmac(
        "accounts.erased", f"{pk}:{joined.timestamp()}", algorithm="sha256"
    ).hexdigest()


def _fingerprint_of(user: User) -> str:
    return fingerprint(user.pk, user.date_joined)


def record_started(fingerprint: str) -> None:
    """Record that the deletion of an account has started, before its commit.

    A power cut right after the commit must not lose the deletion. `record_finished` or
    `resolve_started` records the outcome.
    """
    _append([f"{STARTED}{fingerprint}"])


def record_finished(fingerprints: Iterable[str]) -> None:
    """Record that these accounts were deleted."""
    _append(fingerprints)


def resolve_started() -> None:
    """Record the outcome of deletions that started and whose outcome is unknown.

    An account that is in the database was not deleted. So this must not run on a database that has
    just been restored from a backup.
    """
    started = _marked(STARTED)
    if started:
        existing = {_fingerprint_of(user) for user in get_user_model().objects.all()}
        failed = [f"{FAILED}{one}" for one in sorted(started & existing)]
        _append(sorted(started - existing) + failed)


def _append(lines: Iterable[str]) -> None:
    """Append to the ledger, and wait until the disk has stored it."""
    _ledger().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(_ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _marked(mark: str) -> set[str]:
    """The fingerprints whose last line has this mark."""
    lines = _ledger().read_text().split() if exists() else []
    last = {line.lstrip(STARTED + FAILED): line for line in lines}
    return {one for one, line in last.items() if line == f"{mark}{one}"}


def exists() -> bool:
    """Whether this data folder has a ledger: without one, no account was ever deleted here."""
    return _ledger().exists()


def deleted() -> set[str]:
    """The fingerprints of all accounts that were deleted here."""
    return _marked(DELETED)


def restored_accounts() -> list[User]:
    """Deleted accounts that are in the database, because a backup contained them; by id."""
    return _accounts(deleted())


def unresolved_accounts() -> list[User]:
    """Accounts in the database whose deletion started and has no recorded outcome; by id.

    The deletion failed, or the power went, and the server has not been started since.
    """
    return _accounts(_marked(STARTED))


def _accounts(fingerprints: set[str]) -> list[User]:
    users = get_user_model().objects.order_by("pk")
    return [user for user in users if _fingerprint_of(user) in fingerprints]
