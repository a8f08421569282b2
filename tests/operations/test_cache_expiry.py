"""Nothing of what people wrote stays in a cache's memory for two minutes after it was taken away."""

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

MOST = 120  # seconds


def holding(text):
    """For each entry of a cache that has `text` in it: in how many seconds it will be gone."""
    found = []
    for cache in {id(one): one for one in caches.all(initialized_only=True)}.values():
        if not hasattr(cache._cache, "get_client"):  # in memory, until it is swept
            ends = {key: cache._expire_info[key] for key in cache._cache}
            found += [
                end - time.time() + expiry.SWEEP
                for key, end in ends.items()
                if text.encode() in cache._cache[key]
            ]
        else:  # Redis takes out what has expired by itself
            client = cache._cache.get_client()
            found += [
                client.ttl(key)
                for key in client.scan_iter()
                if text.encode() in (client.get(key) or b"")
            ]
    return found


def test_what_is_cached_of_an_account_is_gone_two_minutes_after_it(ana, ben, message):
    as_ben = signed_in(ben)
    for path in (f"/c/{message.conversation_id}/", "/inbox/", f"/m/{message.pk}/"):
        assert as_ben.get(path).status_code == 200
    assert len(holding(message.content)) >= 2  # the list of messages, and that of conversations

    accounts.delete_account(ana)

    assert all(0 < seconds <= MOST for seconds in holding(message.content))
    assert message.content not in as_ben.get("/inbox/").text


def test_what_has_expired_is_taken_out_of_memory_though_nobody_asks_for_it(monkeypatch, settings):
    location = "swept in a test"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}
    cache = caches["default"]
    if not hasattr(cache, "_expire_info"):
        return  # Redis, which sees to that itself
    cache.set("stays", "for an hour", 3600)
    cache.set("goes", "private words", 0.05)
    monkeypatch.setattr(expiry, "SWEEP", 0.01)

    expiry.keep_sweeping()

    assert within(60, lambda: list(cache._cache) == [cache.make_key("stays")])
    assert list(cache._expire_info) == list(cache._cache)


def test_a_server_sweeps_from_its_start(monkeypatch):
    begun = []
    monkeypatch.setattr(application, "keep_sweeping", lambda: begun.append(True))
    monkeypatch.setattr(application.streams, "prepare", lambda: None)
    monkeypatch.setattr(served, "_pages", _nothing)

    asyncio.run(served({"type": "lifespan"}, _nothing, _nothing))

    assert begun == [True]


async def _nothing(*arguments):
    pass
