"""Caches: fast, never stale, and never another reader's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.db.models.signals import post_save
from django.http import HttpResponse
from django.template import engines
from django.template.loader import render_to_string

from benchmarks.techniques.technique import Scene, Technique
from chats.http.limits import limited
from chats.http.requests import ReaderRequest
from chats.page_shell import PageShell
from chats.views.conversations import conversation_messages
from messaging.models import Message
from tests.chats.test_caching import bare, by_version_read_afterwards, inside

# --- cache_page, and keys with versions -----------------------------------------------------------

# The naive decorators stand in tests/chats/test_caching.py, beside what each of them breaks.
naive_cached_list = inside(bare)
naive_versioned_list = by_version_read_afterwards(bare)


# --- {% cache %} ----------------------------------------------------------------------------------

NAIVE_ROWS = engines["django"].from_string("""
{% load cache %}
{% cache 60 naive_conversation_list %}{% include "partials/conversation_rows.html" %}{% endcache %}
""")


def naive_rows(request: ReaderRequest) -> str:
    return NAIVE_ROWS.render({"shell": PageShell(request)})


def rows(request: ReaderRequest) -> str:
    return render_to_string("partials/conversation_list.html", {"shell": PageShell(request)})


# --- Low-level cache ------------------------------------------------------------------------------


def naive_limited(most: int) -> Callable:
    """At most `most` requests of a person a minute."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def counted(request: ReaderRequest, *args: Any) -> HttpResponse:
            key = f"naive-limit:{request.user.pk}"
            count = cache.get(key, 0) + 1
            cache.set(key, count, timeout=60)
            return HttpResponse(status=429) if count > most else view(request, *args)

        return counted

    return decorate


def empty(request: ReaderRequest) -> HttpResponse:
    return HttpResponse()


naive_limited_view = naive_limited(1_000_000)(empty)
limited_view = limited("search", count_reads=True)(empty)


# --- Invalidation ---------------------------------------------------------------------------------


def naive_list(request: ReaderRequest, pk: int) -> HttpResponse:
    """The list of a conversation, cached until `naive_forget` deletes it."""
    key = f"naive-list:{request.user.pk}:{pk}"
    response = cache.get(key)
    if response is None:
        response = bare(request, pk)
        cache.set(key, response, timeout=60)
    return response


def naive_forget(instance: Message, **kwargs: Any) -> None:
    for person in (instance.sender_id, instance.receiver_id):
        cache.delete(f"naive-list:{person}:{instance.conversation_id}")


@contextmanager
def naive_invalidation() -> Iterator[None]:
    """Every saved message deletes the lists that show it."""
    post_save.connect(naive_forget, sender=Message)
    try:
        yield
    finally:
        post_save.disconnect(naive_forget, sender=Message)


def _naive_send_and_show(scene: Scene) -> None:
    with naive_invalidation():
        scene.send_message()
    naive_list(scene.request, scene.conversation.pk)


def _send_and_show(scene: Scene) -> None:
    scene.send_message()
    conversation_messages(scene.request, scene.conversation.pk)


TECHNIQUES = (
    Technique(
        "cache_page",
        "show a cached list of messages",
        lambda scene: naive_cached_list(scene.request, scene.conversation.pk),
        lambda scene: conversation_messages(scene.request, scene.conversation.pk),
        cached=True,
    ),
    Technique(
        "{% cache %}",
        "show a cached list of conversations",
        lambda scene: naive_rows(scene.request),
        lambda scene: rows(scene.request),
        cached=True,
    ),
    Technique(
        "Low-level cache",
        "count one request",
        lambda scene: naive_limited_view(scene.request),
        lambda scene: limited_view(scene.request),
    ),
    Technique(
        "Keys and versions",
        "make and cache a list of messages",
        lambda scene: naive_versioned_list(scene.request, scene.conversation.pk),
        lambda scene: conversation_messages(scene.request, scene.conversation.pk),
    ),
    Technique(
        "Invalidation",
        "send a message, and show the list",
        _naive_send_and_show,
        _send_and_show,
        cached=True,
    ),
)
