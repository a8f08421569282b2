"""What holds for every answer."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from messaging.models import Mailbox

Answer = Callable[[HttpRequest], HttpResponse]


def nothing_is_stored(get_response: Answer) -> Answer:
    """Browsers and proxies keep no page: somebody else may sit at the machine next."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response

    return middleware


def as_the_reader_prefers(get_response: Answer) -> Answer:
    """`request.mailbox` holds the reader's preferences, and times are in their zone."""

    def middleware(request):
        request.mailbox = None
        if not request.user.is_authenticated:
            return get_response(request)
        request.mailbox = Mailbox.objects.of(request.user)
        with timezone.override(_zone(request.mailbox.time_zone)):
            return get_response(request)

    return middleware


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):  # it was known when it was chosen
        return ZoneInfo(settings.TIME_ZONE)
