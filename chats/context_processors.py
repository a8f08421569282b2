"""What every page needs."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from chats.http.requests import ReaderRequest
from chats.page_shell import PageShell


def site(request: HttpRequest) -> dict[str, Any]:
    """The name of this installation; for a reader who is signed in also the preferences and the
    shell of the page. A view that is about a conversation gives its own `shell`.
    """
    preferences = getattr(request, "preferences", None)
    return {
        "site_name": settings.SITE_NAME,
        "preferences": preferences,
        "shell": SimpleLazyObject(lambda: PageShell(cast("ReaderRequest", request)))
        if preferences
        else None,
    }
