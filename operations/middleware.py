"""Gives every request an id, a line in the log and a place in the metrics."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from operations import metrics
from operations.logs import request_id

logger = logging.getLogger("parley.requests")

PROXY_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def observe_requests(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: logs and times each request. Its id is in the log and in `X-Request-ID`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        identifier = _id_of(request)
        token = request_id.set(identifier)
        try:
            response = get_response(request)
            response["X-Request-ID"] = identifier
            seconds = time.perf_counter() - started
            route = request.resolver_match.view_name if request.resolver_match else ""
            metrics.count_response(request.method or "", route, response.status_code, seconds)
            # Not the address: it can hold a search or the token of a one-time link.
            fields = {
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }
            logger.info("answered", extra={"fields": fields})
            return response
        finally:
            request_id.reset(token)

    return middleware


def _id_of(request: HttpRequest) -> str:
    """The id that our own proxy sent, or a new one.

    A client must not choose it: it could repeat the id of somebody else's request.
    """
    received = request.headers.get("X-Request-ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and PROXY_ID.fullmatch(received):
        return received
    return uuid4().hex
