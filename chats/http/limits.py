"""Rate limits: how often one person may do what costs others something."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from chats.http.errors import too_many

Arguments = ParamSpec("Arguments")
Request = TypeVar("Request", bound=HttpRequest)
View = Callable[Concatenate[Request, Arguments], HttpResponse]

# The app whose setting ACCOUNT_RATE_LIMITS holds all limits, allauth's and ours.
LIMITS_APP = "allauth.account"


def limited(
    action: str,
    *,
    count_reads: bool,
    refuse: Callable[[HttpRequest, int, str], HttpResponse] = too_many,
) -> Callable[[View[Request, Arguments]], View[Request, Arguments]]:
    """Limit a view to `ACCOUNT_RATE_LIMITS[action]`. A request beyond it gets a 429.

    With `count_reads` a GET counts like any other request, as a search has to; without it a GET is
    free. `refuse` makes the 429 of the request, the wait in seconds, and the wait in words.
    allauth counts in the default cache: exactly with one process, or with Redis.
    """

    def decorate(view: View[Request, Arguments]) -> View[Request, Arguments]:
        @wraps(view)
        def limited_view(
            request: Request, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> HttpResponse:
            if ratelimit.consume(request, app=LIMITS_APP, action=action, limit_get=count_reads):
                return view(request, *args, **kwargs)
            wait = max(seconds_to_wait(request, action), 1)
            return refuse(request, wait, in_words(wait))

        return limited_view

    return decorate


def seconds_to_wait(request: HttpRequest, action: str, *, key: str | None = None) -> int:
    """Seconds until this person may do `action` again; 0 if they may now, or nobody can know.

    allauth counts some actions also by `key`: an e-mail address or a username.
    """
    now = time.time()
    longest = 0.0
    for rate in ratelimit.get_rates(app=LIMITS_APP, action=action):
        if (rate.per == "key" and key is None) or (
            rate.per == "user" and not request.user.is_authenticated
        ):
            continue
        # Newest first: when the attempt at the limit is too old to count, there is room again.
        history = cache.get(
            ratelimit.get_cache_key(request, app=LIMITS_APP, action=action, rate=rate, key=key)
        )
        if history and len(history) >= rate.amount:
            longest = max(longest, history[rate.amount - 1] + rate.duration - now)
    return math.ceil(longest)


def in_words(seconds: int) -> str:
    """A wait for people to read: "40 seconds", "5 minutes"."""
    if seconds < 90:
        seconds = max(seconds, 1)
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
