"""Whether a browser may wait for events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from chats.live.event_stream import OpenStream
from chats.live.sessions import Reader

# Seconds after which it may be tried again.
WHEN_FULL = 30
WHEN_NOT_SERVED = 300


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """A stream for the reader; or why there is none. The server beside Django holds it open."""
    if not _from_our_pages(request):
        return HttpResponse(status=403)
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    streams = getattr(request, "streams", None)
    if streams is None:  # Django is served alone, as by `make dev`
        return _later(WHEN_NOT_SERVED)
    if not streams.room_for(request.user.pk):
        return _later(WHEN_FULL)
    return OpenStream(Reader.of(request), request.mailbox.version)  # type: ignore[attr-defined]


def _later(seconds: int) -> HttpResponse:
    return HttpResponse(status=503, headers={"Retry-After": str(seconds)})


def _from_our_pages(request: HttpRequest) -> bool:
    """Whether a page of ours asks. Browsers say so; what is no browser has no other's cookies."""
    ours = f"{request.scheme}://{request.get_host()}"
    return (
        request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and request.headers.get("Origin", ours) == ours
    )
