"""Which accounts were erased, kept so that nobody can tell who they were.

A backup brings back whoever was in it. What `erased` holds is a keyed hash of each account that
went: enough for `restore` to know them again and erase them once more, and nothing to anybody who
reads it. It lies beside the database and is no part of a backup.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def _ledger() -> Path:
    return settings.DATA_DIR / "erased"


def fingerprint(pk: int, joined: datetime) -> str:
    """What stands for an account. Ids alone would not do: after a restore they are given again."""
    return salted_hmac(
        "accounts.erased", f"{pk}:{joined.timestamp()}", algorithm="sha256"
    ).hexdigest()


def remember(fingerprints: list[str]) -> None:
    """Write down that these accounts are gone, and wait until the disk has it."""
    _ledger().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(_ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, "".join(f"{one}\n" for one in fingerprints).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def is_kept() -> bool:
    """Whether anybody was ever erased here, as far as this data folder knows."""
    return _ledger().exists()


def remembered() -> set[str]:
    """The fingerprints of all accounts that were erased here."""
    return set(_ledger().read_text().split()) if is_kept() else set()


def came_back() -> list[User]:
    """Accounts that are in the database though they were erased: a backup brought them along."""
    erased = remembered()
    return [
        user
        for user in get_user_model().objects.order_by("pk")
        if fingerprint(user.pk, user.date_joined) in erased
    ]
