"""How fast one person may do what costs others something."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.utils.translation import ngettext

from chats.http.errors import too_many

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from chats.http.requests import ReaderRequest

LIMITS_OF = "allauth.account"  # whose ACCOUNT_RATE_LIMITS hold all limits, ours too


def limited(action: str) -> Callable:
    """At most as often as `ACCOUNT_RATE_LIMITS[action]` allows the person; then a 429.

    allauth counts on the default cache: exact with one process or with Redis. Reading counts as
    well, unlike in allauth's own views: a search is a GET.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def counted(request: ReaderRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if ratelimit.consume(request, app=LIMITS_OF, action=action, limit_get=True):
                return view(request, *args, **kwargs)
            wait = max(seconds_to_wait(request, action), 1)
            return too_many(request, wait, in_words(wait))

        return counted

    return decorate


def seconds_to_wait(request: HttpRequest, action: str, *, key: str | None = None) -> int:
    """Seconds until this reader may do `action` again; 0 if they may now, or it is not known.

    `key` is what allauth counts by beside the reader: an address, a username.
    """
    now = time.time()
    longest = 0.0
    for rate in ratelimit.get_rates(app=LIMITS_OF, action=action):
        if (rate.per == "key" and key is None) or (
            rate.per == "user" and not request.user.is_authenticated
        ):
            continue
        # Newest first: once the one at the limit has aged out, there is room again.
        history = cache.get(
            ratelimit.get_cache_key(request, app=LIMITS_OF, action=action, rate=rate, key=key)
        )
        if history and len(history) >= rate.amount:
            longest = max(longest, history[rate.amount - 1] + rate.duration - now)
    return math.ceil(longest)


def in_words(seconds: int) -> str:
    """A wait as one says it: "40 seconds", "5 minutes"."""
    if seconds < 90:
        seconds = max(seconds, 1)
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
