"""Error answers: a page for a browser, a toast for htmx, and what was typed is never thrown away."""

import sys

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from chats.http.responses import render_toast, typed_fields, varying, wants_part


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same answer for what is not there and for what is not the reader's."""
    if wants_part(request):
        return render_toast(
            request, _("This is not here any more, or was never yours to see."), status=404
        )
    if content := dict(typed_fields(request) or []).get("content"):
        # What it was to answer has been deleted, perhaps. Sending it again would not help.
        return varying(render(request, "chats/not_here.html", {"content": content}, status=404))
    return varying(render(request, "404.html", status=404))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if wants_part(request):
        return render_toast(request, _("You may not do that."), status=403)
    return varying(render(request, "403.html", status=403))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    if isinstance(exception, DisallowedHost):
        # Nothing is logged, since anybody can send any name: so whoever set it up wrong reads it here.
        text = _(
            "This server does not go by the name in your address. Whoever runs it says which it goes "
            "by: SITE_URL, and ALLOWED_HOSTS for more."
        )
        return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
    if wants_part(request):
        return render_toast(
            request, _("That could not be understood. Nothing was changed."), status=400
        )
    return HttpResponse(_("That could not be understood. Nothing was changed."), status=400)


def too_large(request: HttpRequest) -> HttpResponse:
    """More was sent than is read at all: the text is where it was typed, and nowhere else."""
    if wants_part(request):
        text = _("That is too large to send. Your text is still here: make it shorter.")
        return render_toast(request, text, status=413)
    return varying(render(request, "413.html", status=413))


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for what went wrong here, with what was typed; htmx shows its own toast for it.

    503 when it is the database that cannot: a full disk, a lock held for too long, no server.
    Nothing was kept then, and sending again, later, is all there is to do.
    """
    # Without the request, and so without context processors: they would ask the database again.
    response = HttpResponse(render_to_string("500.html", _given_back(request)), status=500)
    if isinstance(sys.exc_info()[1], OperationalError):
        response.status_code = 503
        response["Retry-After"] = "5"
    return response


def _given_back(request: HttpRequest) -> dict[str, object]:
    try:
        typed = typed_fields(request)
    except Exception:  # the form itself may be what failed: then nothing of it can be shown
        return {}
    if not dict(typed or []).get("content"):
        return {}
    return {"typed": typed, "action": request.path, "csrf_token": get_token(request)}


def too_many(request: HttpRequest, seconds: int, in_words: str) -> HttpResponse:
    """Somebody is faster than people are. Says how long to wait, and keeps the text."""
    text = _("That was a lot at once. Wait %(wait)s, then try again.") % {"wait": in_words}
    if wants_part(request):
        response = render_toast(request, text, status=429)
    else:
        context = {"text": text, "typed": typed_fields(request), "action": request.path}
        response = varying(render(request, "chats/send_again.html", context, status=429))
    response["Retry-After"] = str(seconds)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the session. A new token comes along: sending again works."""
    get_token(request)
    text = _("This page had become too old. Try again.")
    if wants_part(request):
        return render_toast(request, text, status=403, new_token=True)
    typed, action = typed_fields(request), request.path
    if request.headers.get("Origin", _our_origin(request)) != _our_origin(request):
        # Another site made the form up: nobody is asked to send that again.
        typed, action, text = None, "/", _("This came from another site, and nothing was done.")
    context = {"text": text, "typed": typed, "action": action}
    return varying(render(request, "chats/send_again.html", context, status=403))


def _our_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
