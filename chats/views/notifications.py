"""What the bell tells of: replies to what its reader wrote."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import back, render_part, render_parts, signed_in, wants_part
from chats.message_view_model import Clock, Person, message_url
from chats.page_shell import PageShell
from messaging import services
from messaging.models import Notification
from messaging.rendering import excerpt

LISTED = 100  # notifications on one page, before they are gathered


@dataclass(slots=True)
class AnsweredThread:
    """The replies of one thread to what its reader wrote, as the bell tells of them."""

    url: str  # of the oldest unread one, or else of the newest
    person: Person  # who wrote the newest one
    beginning: str  # of the newest one
    when: str
    when_machine: str
    replies: int
    unread: int


@dataclass(kw_only=True)
class NotificationsPage:
    """A page of notifications, gathered by thread, the one that was answered last first."""

    shell: PageShell
    before: int  # newer ones than this stand on another page; 0: none do
    threads: list[AnsweredThread]
    up_to: int  # the id of the newest
    older_before: int  # the id before which there are older ones; 0: there are none
    live: str = ""


@signed_in
@require_safe
def notifications(request: ReaderRequest) -> HttpResponse:
    part = "items" if request.GET.get("part") == "items" else "list"
    return render_part(
        request,
        "chats/notifications.html",
        f"partials/notification_{part}.html",
        _notifications_page(request),
    )


def _notifications_page(request: ReaderRequest) -> NotificationsPage:
    found = Notification.objects.for_list(request.user)
    before = id_or_zero(request.GET.get("before"))
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found[: LISTED + 1])
    return NotificationsPage(
        shell=PageShell(request),
        before=before,
        threads=_by_thread(rows[:LISTED]),
        up_to=rows[0].pk if rows else 0,
        older_before=rows[LISTED - 1].pk if len(rows) > LISTED else 0,
    )


def _by_thread(notifications: list[Notification]) -> list[AnsweredThread]:
    """`notifications`, newest first, gathered by the thread that they tell of."""
    clock = Clock()
    threads: dict[int, AnsweredThread] = {}
    for one in notifications:
        message = one.message
        url = f"{message_url(message.pk)}#m-{message.pk}"
        thread = threads.setdefault(
            message.root_pk,
            AnsweredThread(
                url=url,
                person=Person.of(message.sender),
                beginning=excerpt(message.content),
                when=clock.written(one.created_at),
                when_machine=clock.machine(one.created_at),
                replies=0,
                unread=0,
            ),
        )
        thread.replies += 1
        if not one.read:
            thread.unread += 1
            thread.url = url
    return list(threads.values())


@signed_in
@require_POST
def notifications_read(request: ReaderRequest) -> HttpResponse:
    """Clear what the list showed; what it told of is read with it."""
    up_to = id_or_zero(request.POST.get("up_to"))
    services.mark_notifications_as_read(reader=request.user, up_to=up_to)
    if not wants_part(request):
        return back(request, reverse("chats:notifications"))
    page = _notifications_page(request)
    page.live = _("Notifications marked read")
    parts = ["partials/notification_list.html", "partials/oob_counters.html"]
    return render_parts(request, parts, page)
