"""The URLs of Parley, and two more that only measurements request."""

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import include, path
from django.views.decorators.http import require_safe

from chats.http.requests import ReaderRequest
from chats.http.responses import signed_in
from chats.page_shell import PageShell
from messaging_app.urls import handler400, handler403, handler404, handler429, handler500

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]


@signed_in
@require_safe
def floor(request: ReaderRequest) -> HttpResponse:
    """The cheapest view for a person who is signed in: the floor of all ratios."""
    return HttpResponse(f"You are {request.user.pk}.")


@signed_in
@require_safe
def badge(request: ReaderRequest) -> HttpResponse:
    """The floor plus the count of unread messages."""
    return HttpResponse(
        render_to_string("partials/unread_count.html", {"shell": PageShell(request)})
    )


urlpatterns = [
    path("floor/", floor),
    path("badge/", badge),
    path("", include("messaging_app.urls")),
]
