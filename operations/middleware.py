"""What is known of every request: its id, its line in the log, and its place in the figures."""

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

GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def watched(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Each answer carries `X-Request-ID`, by which its lines in the log are found."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        identifier = _id_of(request)
        token = request_id.set(identifier)
        try:
            response = get_response(request)
            response["X-Request-ID"] = identifier
            took = time.perf_counter() - began
            route = request.resolver_match.view_name if request.resolver_match else ""
            metrics.answered(request.method or "", route, response.status_code, took)
            # No address: it can hold what somebody looks for, or a link that lets its bearer in.
            fields = {
                "method": request.method,
                "route": route,
                "status": response.status_code,
                "ms": round(took * 1000, 1),
            }
            logger.info("answered", extra={"fields": fields})
            return response
        finally:
            request_id.reset(token)

    return middleware


def _id_of(request: HttpRequest) -> str:
    """The id that our own proxy gave, or a new one: a stranger's could pass for another's."""
    given = request.headers.get("X-Request-ID", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT and GIVEN_ID.fullmatch(given):
        return given
    return uuid4().hex
