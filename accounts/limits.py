"""Limits on how often something is tried: allauth's limiter, and an answer that names the wait."""

from __future__ import annotations

from functools import wraps

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from chats.http.limits import in_words, seconds_to_wait


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
