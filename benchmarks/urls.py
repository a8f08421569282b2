"""Parley's addresses, and two that only measurements ask for."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.decorators.http import require_safe

from chats.http.responses import signed_in
from chats.page_shell import PageShell
from messaging_app.urls import handler400, handler403, handler404, handler429, handler500

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]


@signed_in
@require_safe
def floor(request: HttpRequest) -> HttpResponse:
    """The least a page for somebody who is signed in can cost."""
    return HttpResponse(f"You are {request.user.pk}.")


@signed_in
@require_safe
def badge(request: HttpRequest) -> HttpResponse:
    """The floor, and how many messages are unread."""
    return HttpResponse(
        render_to_string("partials/unread_count.html", {"around": PageShell(request)})
    )


urlpatterns = [
    path("floor/", floor),
    path("badge/", badge),
    path("", include("messaging_app.urls")),
]
