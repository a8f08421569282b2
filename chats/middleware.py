"""What holds for every answer."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

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
    """`request.mailbox` holds the reader's preferences; times are in their zone, words in their
    language. Where they chose none, the browser did.
    """

    def middleware(request):
        request.mailbox = None
        if not request.user.is_authenticated:
            return get_response(request)
        request.mailbox = Mailbox.objects.of(request.user)
        language = language_for(request, request.mailbox.language)
        request.LANGUAGE_CODE = language
        with timezone.override(_zone(request.mailbox.time_zone)), translation.override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


def language_for(request: HttpRequest, chosen: str) -> str:
    """The chosen language if there still is one of that name, else what the browser asks for."""
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return translation.get_language_from_request(request)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):  # it was known when it was chosen
        return ZoneInfo(settings.TIME_ZONE)
