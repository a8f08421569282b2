"""Who may go on listening: asked by streams, in a thread, for many readers at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django.utils import timezone

from messaging.models import Mailbox

AT_ONCE = 1_000  # parameters of one statement


class Reader(NamedTuple):
    """Somebody in one of the places where they are signed in."""

    session_key: str
    user_pk: int
    stamp: int  # of the password: sessions end when it changes

    @classmethod
    def of(cls, request) -> Reader:
        user = request.user
        return cls(request.session.session_key, user.pk, hash(user.password))


def versions_of(user_pks: Collection[int]) -> dict[int, int]:
    """The versions of their mailboxes, by person."""
    try:
        return Mailbox.objects.versions_of(user_pks)
    finally:
        close_old_connections()


def still_signed_in(readers: Collection[Reader]) -> set[Reader]:
    """Those whose session goes on, whose account is active, and whose password is the same."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = store.get_model_class()._default_manager.filter(expire_date__gt=timezone.now())
    people = get_user_model()._default_manager.filter(is_active=True)
    try:
        alive: set[str] = set()
        for keys in _chunks({reader.session_key for reader in readers}):
            found = sessions.filter(session_key__in=keys)
            alive.update(found.values_list("session_key", flat=True))
        stamps: dict[int, int] = {}
        for pks in _chunks({reader.user_pk for reader in readers}):
            passwords = people.filter(pk__in=pks).values_list("pk", "password")
            stamps.update((pk, hash(password)) for pk, password in passwords)
    finally:
        close_old_connections()
    return {
        reader
        for reader in readers
        if reader.session_key in alive and stamps.get(reader.user_pk) == reader.stamp
    }


def _chunks(items: Collection) -> Iterator[list]:
    listed = list(items)
    return (listed[start : start + AT_ONCE] for start in range(0, len(listed), AT_ONCE))
