"""How fast one person may do what costs others something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.core.internal import ratelimit

from chats.errors import too_many

if TYPE_CHECKING:
    from django.http import HttpResponse

    from chats.requests import ReaderRequest

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
            rates = ratelimit.get_rates(app=LIMITS_OF, action=action)
            return too_many(request, round(min(rate.duration for rate in rates)))

        return counted

    return decorate
