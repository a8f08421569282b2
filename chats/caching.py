"""What may be cached, and under which key. The only module that calls `cache_page`.

A cached private page can go wrong in three ways, and this module excludes each of them. Every request
decides who may see a list, before the cache is asked. The key names everything that the list shows:
its reader, its versions, its language, time zone and day. The cached answer is rendered for a derived
request, so no part of a real request can stay in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import cache_page

from chats import RELEASE
from chats.http.params import LARGEST_ID
from chats.http.requests import ReaderRequest
from common.compiled_queries import CompiledQuery
from messaging.models import Conversation

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# The header of a stored answer that names its key. An answer under another key is not used.
STORED_UNDER = "X-Stored-Under"


class ListRequest(ReaderRequest):
    """The request that a list is rendered for: an address and a reader, and nothing else."""

    def get_host(self) -> str:
        return "list"  # one entry, under whichever of our names the browser asked


def list_request(reader: User, conversation_pk: int, before: int = 0) -> ListRequest:
    """A request for the list of a conversation, or for its page of messages before the id `before`.

    It has no cookie, session, token or header, so none of them can be rendered and cached. The page
    that embeds the list and htmx, which asks for the list alone, share one entry of the cache.
    """
    derived = ListRequest()
    derived.method = "GET"
    # One spelling of each address: "/c/007/" and "?before=007" are no entries of their own, and
    # invented parameters do not push other lists out of the cache.
    derived.path = derived.path_info = reverse(
        "chats:conversation_messages", args=[conversation_pk]
    )
    derived.META["QUERY_STRING"] = urlencode({"before": before} if before else {})
    derived.GET = QueryDict(derived.META["QUERY_STRING"])
    derived.user = reader
    return derived


Render = Callable[[ListRequest, Conversation], HttpResponse]


def cache_page_per_reader(seconds: int) -> Callable[[Render], Callable[..., HttpResponse]]:
    """Cache what `render(request, conversation)` answers, for each reader, by Django's `cache_page`.

    The decorated function is called as `(reader, conversation, before)`. `conversation` comes from
    `find_conversation`: each request finds it among the reader's own and reads its versions before
    the data. An answer whose rendering began before a change is therefore stored under the versions
    from before the change, and no later request asks for them.
    """

    def decorate(render: Render) -> Callable[..., HttpResponse]:
        @wraps(render)
        def cached(reader: User, conversation: Conversation, before: int = 0) -> HttpResponse:
            request = list_request(reader, conversation.pk, before)
            key = _key(reader, conversation)

            def render_and_mark(request: ListRequest) -> HttpResponse:
                response = render(request, conversation)
                response[STORED_UNDER] = key
                return response

            response = cache_page(seconds, key_prefix=key)(render_and_mark)(request)
            if response.get(STORED_UNDER) != key:
                return render(request, conversation)
            # Only the cache needs these. Middleware decides what a browser may store.
            for header in (STORED_UNDER, "Expires", "Cache-Control", "Age"):
                del response[header]
            return response

        return cached

    return decorate


def find_conversation(reader: User, pk: int) -> Conversation:
    """The conversation with its current versions, if `reader` takes part in it.

    Raises:
        Http404: `reader` does not take part, or there is no such conversation.
    """
    found = _CONVERSATION.first(pk, reader.pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404
    return found


_CONVERSATION: CompiledQuery[Conversation] = CompiledQuery(
    lambda pk, reader: Conversation.objects.visible_to(reader).filter(pk=pk)
)


def _key(reader: User, conversation: Conversation) -> str:
    parts = (
        reader.pk,
        conversation.pk,
        conversation.version,
        conversation.reader_version,
        conversation.by_activity,
        *what_pages_depend_on(),
    )
    # Hashed: some caches reject characters that occur in the names of time zones.
    return sha256(":".join(map(str, parts)).encode()).hexdigest()


def what_pages_depend_on() -> tuple[str, str, str, str]:
    """Release, language, time zone and local date: the same data is shown differently under each."""
    return (
        RELEASE,
        get_language() or settings.LANGUAGE_CODE,
        timezone.get_current_timezone_name(),
        timezone.localdate().isoformat(),
    )
