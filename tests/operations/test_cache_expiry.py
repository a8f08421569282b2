"""Two minutes after a deletion no cache holds the deleted texts."""

import asyncio
import time

import pytest
from django.core.cache import caches

from accounts import services as accounts
from messaging_app.asgi import application as served
from operations.caches import expiry
from operations.server import application
from tests.chats.conftest import signed_in
from tests.live.listening import within

pytestmark = [pytest.mark.db, pytest.mark.django_db]

LONGEST = 120  # seconds


def remaining_seconds(text):
    """For each cache entry that holds `text`, the seconds until it is deleted."""
    found = []
    for cache in {id(one): one for one in caches.all(initialized_only=True)}.values():
        if not hasattr(cache._cache, "get_client"):  # in memory, until the next sweep
            ends = {key: cache._expire_info[key] for key in cache._cache}
            found += [
                end - time.time() + expiry.SWEEP
                for key, end in ends.items()
                if text.encode() in cache._cache[key]
            ]
        else:  # Redis deletes expired entries itself
            client = cache._cache.get_client()
            found += [
                client.ttl(key)
                for key in client.scan_iter()
                if text.encode() in (client.get(key) or b"")
            ]
    return found


def test_cached_texts_of_a_deleted_account_are_deleted_within_two_minutes(ana, ben, message):
    as_ben = signed_in(ben)
    for path in (f"/c/{message.conversation_id}/", "/inbox/", f"/m/{message.pk}/"):
        assert as_ben.get(path).status_code == 200
    assert (
        len(remaining_seconds(message.content)) >= 2
    )  # the list of messages, and that of conversations

    accounts.delete_account(ana)

    assert all(0 < seconds <= LONGEST for seconds in remaining_seconds(message.content))
    assert message.content not in as_ben.get("/inbox/").text


def test_expired_entries_are_deleted_from_memory_though_nobody_asks_for_them(monkeypatch, settings):
    location = "swept in a test"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}
    cache = caches["default"]
    if not hasattr(cache, "_expire_info"):
        return  # Redis deletes its own
    cache.set("stays", "for an hour", 3600)
    cache.set("goes", "private words", 0.05)
    monkeypatch.setattr(expiry, "SWEEP", 0.01)

    expiry.keep_sweeping()

    assert within(60, lambda: list(cache._cache) == [cache.make_key("stays")])
    assert list(cache._expire_info) == list(cache._cache)


def test_a_server_starts_the_sweeps(monkeypatch):
    started = []
    monkeypatch.setattr(application, "keep_sweeping", lambda: started.append(True))
    monkeypatch.setattr(application.streams, "prepare", lambda: None)
    monkeypatch.setattr(served, "_pages", _nothing)

    asyncio.run(served({"type": "lifespan"}, _nothing, _nothing))

    assert started == [True]


async def _nothing(*arguments):
    pass
