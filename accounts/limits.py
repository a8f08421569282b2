"""Limits on how often something is tried: allauth's limiter, and an answer that names the wait."""

from __future__ import annotations

import math
import time
from functools import wraps

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import get_cache_key, get_rates
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

ALLAUTH = "allauth.account"  # whose ACCOUNT_RATE_LIMITS hold all limits, also our own


def limited(action: str):
    """Let a view be posted to only as often as ACCOUNT_RATE_LIMITS says of `action`."""

    def decorator(view):
        @wraps(view)
        def limited_view(request, *args, **kwargs):
            # Reading is free: the limiter counts everything but GET.
            if ratelimit.consume(request, action=action):
                return view(request, *args, **kwargs)
            return too_many_requests(request, wait=seconds_to_wait(request, action))

        return limited_view

    return decorator


def seconds_to_wait(request: HttpRequest, action: str, *, key: str | None = None) -> int:
    """Seconds until this reader may do `action` again; 0 if they may now, or it is not known.

    `key` is what allauth counts by beside the reader: an address, a username.
    """
    now = time.time()
    longest = 0.0
    for rate in get_rates(app=ALLAUTH, action=action):
        if (rate.per == "key" and key is None) or (
            rate.per == "user" and not request.user.is_authenticated
        ):
            continue
        # Newest first: once the one at the limit has aged out, there is room again.
        history = cache.get(get_cache_key(request, app=ALLAUTH, action=action, rate=rate, key=key))
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


def too_many_requests(request: HttpRequest, *, wait: int | None = None) -> HttpResponse:
    """The 429 page. allauth calls it as `handler429`; our views of allauth name their action."""
    if wait is None:
        action = getattr(request, "limited_action", None)
        key = getattr(request, "limited_key", None)
        wait = seconds_to_wait(request, action, key=key) if action else 0
    context = {"wait": in_words(wait) if wait else ""}
    response = render(request, "429.html", context, status=429)
    if wait:
        response["Retry-After"] = str(wait)
    return response
