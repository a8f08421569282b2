"""Responses that several views of accounts give."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from chats.http.limits import in_words, seconds_to_wait

Response = TypeVar("Response", bound=HttpResponse)


def clear_browser(response: Response) -> Response:
    """`response`, which also tells the browser to delete everything it stored of this site."""
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def link_gone(request: HttpRequest) -> HttpResponse:
    """One answer to every link that does not work: used, withdrawn, expired, or never valid."""
    return render(request, "accounts/link_gone.html", status=404)


def too_many_attempts(request: HttpRequest, seconds: int, in_words: str) -> HttpResponse:
    """The 429 page. It names the wait, unless `seconds` is 0.

    Unlike the one of `chats.http.errors` it does not return the form: forms of accounts hold
    passwords.
    """
    response = render(request, "429.html", {"wait": in_words}, status=429)
    if seconds:
        response["Retry-After"] = str(seconds)
    return response


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """The 429 of allauth's views, which call it as `handler429` of the URLconf.

    The wait is known where the view is an `EntryPage`, which names the limit.
    """
    action = getattr(request, "limited_action", None)
    key = getattr(request, "limited_key", None)
    seconds = seconds_to_wait(request, action, key=key) if action else 0
    return too_many_attempts(request, seconds, in_words(seconds) if seconds else "")
