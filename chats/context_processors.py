"""What every page needs."""

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from chats.page_shell import PageShell


def site(request) -> dict:
    """The name of this installation; of a reader who is signed in, the preferences and what
    stands around the page. A view that is about a conversation gives its own `around`.
    """
    mailbox = getattr(request, "mailbox", None)
    return {
        "site_name": settings.SITE_NAME,
        "mailbox": mailbox,
        "around": SimpleLazyObject(lambda: PageShell(request)) if mailbox else None,
    }
