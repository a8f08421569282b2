"""Database reads for open streams: each for many readers at once, in a thread of the streams."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from importlib import import_module
from typing import NamedTuple, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django.http import HttpRequest
from django.utils import timezone

from messaging.mailboxes import Mailbox

CHUNK = 1_000  # parameters of one statement

Item = TypeVar("Item", int, str)


class Reader(NamedTuple):
    """A person in one of their sessions."""

    session_key: str
    user_pk: int
    password_hash: int  # sessions end when the password changes

    @classmethod
    def of(cls, request: HttpRequest) -> Reader:
        """The reader who sent `request`: signed in, with a session."""
        user, session_key = request.user, request.session.session_key
        assert user.pk is not None  # noqa: S101
        assert session_key is not None  # noqa: S101
        return cls(session_key, user.pk, hash(user.password))


def versions_of(
    user_pks: Collection[int], conversation_pks: Collection[int] = ()
) -> dict[int, int]:
    """The mailbox versions of these people and of everybody in these conversations, by person."""
    try:
        versions = Mailbox.objects.versions_of(user_pks)
        return versions | Mailbox.objects.versions_in(conversation_pks)
    finally:
        close_old_connections()


def still_signed_in(readers: Collection[Reader]) -> set[Reader]:
    """Those of `readers` whose session lasts, whose account is active and whose password is the same."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = store.get_model_class()._default_manager.filter(expire_date__gt=timezone.now())
    people = get_user_model()._default_manager.filter(is_active=True)
    try:
        session_keys: set[str] = set()
        for keys in _chunks({reader.session_key for reader in readers}):
            found = sessions.filter(session_key__in=keys)
            session_keys.update(found.values_list("session_key", flat=True))
        password_hashes: dict[int, int] = {}
        for pks in _chunks({reader.user_pk for reader in readers}):
            passwords = people.filter(pk__in=pks).values_list("pk", "password")
            password_hashes.update((pk, hash(password)) for pk, password in passwords)
    finally:
        close_old_connections()
    return {
        reader
        for reader in readers
        if reader.session_key in session_keys
        and password_hashes.get(reader.user_pk) == reader.password_hash
    }


def _chunks(items: Collection[Item]) -> Iterator[list[Item]]:
    listed = list(items)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))
