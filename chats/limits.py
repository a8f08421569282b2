"""How fast one person may do what costs others something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse

from chats.errors import too_many


def limited(action: str) -> Callable:
    """At most as often as `ACCOUNT_RATE_LIMITS[action]` allows the person; then a 429.

    allauth counts on the default cache: exact with one process or with Redis.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if ratelimit.consume(request, action=action, user=request.user):
                return view(request, *args, **kwargs)
            return too_many(request, _seconds(action))

        return counted

    return decorate


def _seconds(action: str) -> int:
    """How long the shortest window of `action` is, as written in the settings: "30/m/user"."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    durations = []
    for rate in app_settings.RATE_LIMITS[action].split(","):
        duration = rate.split("/")[1]
        amount = duration[:-1] or "1"
        durations.append(int(amount) * units[duration[-1]])
    return min(durations)
