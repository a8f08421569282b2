"""What may be cached, and under which key: the only place that calls `cache_page`.

Three things go wrong with private pages, and each is answered by where things stand here. Who
may see a list is decided on every request, before the cache. The key names all that the list
shows: whose it is, which versions, which language, zone and day. And what is rendered for the
cache never meets the request itself, so nothing of one can stay behind in it.
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
from chats.http.params import LARGEST_ID, id_or_zero
from chats.http.requests import ReaderRequest
from common.compiled_queries import CompiledQuery
from messaging.models import Conversation

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# What the list is asked with. All else is left out before the cache is asked, or addresses made up
# by the thousand would push everybody's lists out of it.
ALLOWED_QUERY = frozenset({"before"})

# Which key an answer was stored under. A cache that hands out somebody else's bytes is found out.
KEPT_UNDER = "X-Kept-Under"


class ListRequest(ReaderRequest):
    """What the list is rendered for: its address, its reader, and no more."""

    embedded = True

    def get_host(self) -> str:
        return "list"  # one entry, by whichever of our names we were called


def list_request(request: ReaderRequest, pk: int) -> ListRequest:
    """A request for the list of conversation `pk`: knows the reader, and no more of `request`.

    No cookie, session, token or header goes along, so none can be rendered and kept. A page that
    embeds the list and htmx that asks for it alone come to the same request, and so to one entry.
    """
    derived = ListRequest()
    derived.method = "GET"
    # Spelt anew: "/c/007/" and "?before=007" are the same list, and no entries of their own.
    derived.path = derived.path_info = reverse("chats:conversation_messages", args=[pk])
    allowed = {name: id_or_zero(request.GET.get(name)) for name in sorted(ALLOWED_QUERY)}
    derived.META["QUERY_STRING"] = urlencode({name: pk for name, pk in allowed.items() if pk})
    derived.GET = QueryDict(derived.META["QUERY_STRING"])
    derived.user = request.user
    return derived


def cache_page_per_reader(seconds: int) -> Callable:
    """Cache the list of a conversation for its reader, by Django's `cache_page`.

    The view is called as `view(request, conversation)`, with a request made by `list_request`.
    On every call, cached or not, one indexed query finds the conversation among the reader's own
    and reads its versions, before the data: a slow rendering of what was true before a change is
    kept under the version from before it, and never found again.

    Raises:
        Http404: the conversation is not the reader's, or is not there.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def per_reader(
            request: ReaderRequest, pk: int, conversation: Conversation | None = None
        ) -> HttpResponse:
            if conversation is None:
                conversation = find_conversation(request.user, pk)
            derived = list_request(request, conversation.pk)
            key = _key(request.user, conversation)

            def kept(derived: ListRequest) -> HttpResponse:
                response = view(derived, conversation)
                response[KEPT_UNDER] = key
                return response

            response = cache_page(seconds, key_prefix=key)(kept)(derived)
            if response.get(KEPT_UNDER) != key:
                return view(derived, conversation)
            # These are between us and the cache; what a browser may keep is said elsewhere.
            for header in (KEPT_UNDER, "Expires", "Cache-Control", "Age"):
                del response[header]
            return response

        return per_reader

    return decorate


def find_conversation(reader: User, pk: int) -> Conversation:
    """The conversation if it is the reader's, with its versions as they are now; else a 404."""
    found = _CONVERSATION.first(pk, reader.pk) if pk <= LARGEST_ID else None
    if found is None:
        raise Http404
    return found


_CONVERSATION = CompiledQuery(
    lambda pk, reader: Conversation.objects.visible_to(reader).filter(pk=pk)
)


def _key(reader: User, conversation: Conversation) -> str:
    parts = (
        reader.pk,
        conversation.pk,
        conversation.version,
        conversation.reader_version,
        *what_pages_depend_on(),
    )
    # Hashed: what a zone is called is no good in every cache's keys.
    return sha256(":".join(map(str, parts)).encode()).hexdigest()


def what_pages_depend_on() -> tuple[str, str, str, str]:
    """Release, language, time zone and local date: the same data reads differently under each."""
    return (
        RELEASE,
        get_language() or settings.LANGUAGE_CODE,
        timezone.get_current_timezone_name(),
        timezone.localdate().isoformat(),
    )
