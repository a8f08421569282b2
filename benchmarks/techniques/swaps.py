"""htmx: a part of the page for the place that changes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from benchmarks.techniques.technique import Scene, Technique
from chats.caching import find_conversation
from messaging import services


@require_POST
def naive_message_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers htmx as it answers a browser: with a redirect to the page."""
    services.send_message(
        sender=request.user,
        conversation=find_conversation(request.user, pk),
        content=request.POST["content"],
    )
    return redirect("chats:conversation_detail", pk=pk)


def _send(scene: Scene, headers: dict[str, str]) -> None:
    url = reverse("chats:message_send", args=[scene.conversation.pk])
    typed = {"content": "Are you coming?", "client_key": "2c1d9a3e-0f5b-4a57-9c0e-5f8c8a9a1b1d"}
    response = scene.browser.post(url, typed, headers=headers, follow=True)
    assert response.status_code == 200  # noqa: S101  (or something else was measured)


TECHNIQUES = (
    Technique(
        "htmx swaps",
        "send a message, and see it on the page",
        # What our view does as well, for a browser without JavaScript.
        lambda scene: _send(scene, {}),
        lambda scene: _send(scene, {"HX-Request": "true"}),
    ),
)
