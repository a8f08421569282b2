"""Caches: where the naive forms of docs/techniques.md go wrong, and ours do not.

`tests/chats/test_caching.py` shows it for `cache_page` and for keys with versions.
"""

import time

import pytest
from django.contrib.auth.decorators import login_required
from django.urls import include, path

from benchmarks.techniques import caching
from benchmarks.techniques.technique import request_of
from chats.http.limits import limited
from tests.chats.test_caching import (
    World,
    a_message_of_the_other_shows,
    a_slow_list_is_not_served_after_a_change,
)
from tests.factories import MessageFactory

urlpatterns = [
    path("naive/deleting/<int:pk>/", login_required(caching.naive_list)),
    path("", include("messaging_app.urls")),
]


def test_a_fragment_without_its_reader_in_the_key_is_shown_to_everybody(message, ana, ben):
    to_ana, to_ben = (caching.rows(request_of(reader)) for reader in (ana, ben))
    assert "Ben Ode" in to_ana
    assert "Ben Ode" not in to_ben

    to_ana, to_ben = (caching.naive_rows(request_of(reader)) for reader in (ana, ben))
    assert "Ben Ode" in to_ana
    assert to_ben == to_ana


def test_a_counter_that_renews_its_time_limits_somebody_slow(ana, settings, monkeypatch):
    settings.ACCOUNT_RATE_LIMITS = {"search": "2/m/user"}
    now = time.time()

    def statuses(view):
        """The answers to three requests, 40 seconds apart: never more than two a minute."""
        for seconds in (0, 40, 80):
            monkeypatch.setattr(time, "time", lambda seconds=seconds: now + seconds)
            yield view(request_of(ana)).status_code

    assert list(statuses(limited("search", count_reads=True)(caching.empty))) == [200, 200, 200]
    assert list(statuses(caching.naive_limited(2)(caching.empty))) == [200, 200, 429]


def test_an_entry_that_is_deleted_on_change_comes_back_from_a_slow_page(
    settings, ana, ben, stranger
):
    a_slow_list_is_not_served_after_a_change(World(ana, ben, stranger, None))

    settings.ROOT_URLCONF = __name__
    world = World(ana, ben, stranger, None, "deleting")
    with caching.naive_invalidation():
        a_message_of_the_other_shows(world)
        MessageFactory(sender=ben, receiver=ana)  # and the entry is gone again
        with pytest.raises(AssertionError):
            a_slow_list_is_not_served_after_a_change(world)
