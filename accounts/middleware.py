"""Every page follows the preferences of its reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.models import Preferences
from chats.http.requests import ReaderRequest
from messaging.mailboxes import Mailbox


def apply_preferences(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Set the reader's time zone and language, `request.mailbox` and `request.preferences`.

    A reader who chose no time zone gets the browser's, if it tells one, else the server's; one who chose no language gets a language
    that the browser asks for. A request of nobody who is signed in gets neither attribute.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        request = cast(ReaderRequest, request)
        request.mailbox = Mailbox.objects.of(request.user)
        request.preferences = Preferences.objects.of(request.user)
        language = language_for(request, request.preferences.language)
        request.LANGUAGE_CODE = language
        zone = _time_zone(request.preferences.time_zone or zone_of_browser(request))
        with timezone.override(zone), translation.override(language):
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


def language_for(request: HttpRequest, chosen: str) -> str:
    """The chosen language if the settings still list it, else one that the browser asks for."""
    if chosen in dict(settings.LANGUAGES):
        return chosen
    return translation.get_language_from_request(request)


def zone_of_browser(request: HttpRequest) -> str:
    """The time zone that `static/js/time_zone.js` wrote into a cookie; empty if there is none."""
    told = request.COOKIES.get("time_zone", "")
    return told if told in _known_zones() else ""


@cache
def _known_zones() -> set[str]:
    return available_timezones()


def _time_zone(chosen: str) -> ZoneInfo:
    try:
        return ZoneInfo(chosen or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):  # it existed when the reader chose it
        return ZoneInfo(settings.TIME_ZONE)
