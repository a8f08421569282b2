"""Writing to somebody: find them, then write."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from chats.forms import NewMessageForm
from chats.http.limits import limited
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, render_parts, signed_in, wants_part
from chats.message_view_model import Person
from chats.page_shell import PageShell
from messaging import services
from messaging.people import people_named


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def message_new(request: ReaderRequest) -> HttpResponse:
    """A page to find somebody and write to them."""
    if request.method == "POST":
        return _find(request) if "find" in request.POST else _send(request)
    return _find(request) if request.GET.get("q") else _page(request, _empty(request), "")


def _empty(request: ReaderRequest) -> NewMessageForm:
    return NewMessageForm.fresh(writer=request.user)


@limited("people_search", count_reads=True)
def _find(request: ReaderRequest) -> HttpResponse:
    """The page with the people found, as a browser without JavaScript asks for it."""
    if request.method == "POST":  # what is written so far stays
        written = NewMessageForm(writer=request.user, initial=request.POST.dict())
        return _page(request, written, request.POST.get("q", ""))
    return _page(request, _empty(request), request.GET["q"])


@limited("message_send", count_reads=False)
def _send(request: ReaderRequest) -> HttpResponse:
    form = NewMessageForm(request.POST, writer=request.user)
    name = request.POST.get("q", "")
    if not form.is_valid():
        return _page(request, form, name, status=422)
    try:
        message = services.send_message(
            sender=request.user,
            receiver=form.cleaned_data["to"],
            content=form.cleaned_data["content"],
            client_key=form.cleaned_data["client_key"],
        )
    except services.MessageConflict as conflict:
        return _page(request, form.as_another(conflict.message), name, status=409)
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, form, name, status=422)
    page = reverse("chats:conversation_detail", args=[message.conversation_id])
    return redirect(f"{page}#m-{message.pk}")


def _page(
    request: ReaderRequest, form: NewMessageForm, name: str, status: int = 200
) -> HttpResponse:
    chosen = str(form["to"].value() or request.GET.get("to", ""))
    context = {"around": PageShell(request), "form": form} | _people(request, name, chosen)
    return render_part(request, "chats/new.html", "chats/new.html", context, status=status)


def _people(request: ReaderRequest, name: str, chosen: str = "") -> dict[str, Any]:
    """Who is found by `name`, as the radios show them."""
    name = name[:150]
    found = [
        {"person": Person.of(user), "username": user.username}
        for user in people_named(name, searcher=request.user)
    ]
    return {"q": name, "found": found, "chosen": chosen, "too_short": 0 < len(name.strip()) < 2}


@signed_in
@require_safe
@limited("people_search", count_reads=True)
def people(request: ReaderRequest) -> HttpResponse:
    """The people a name finds, to choose one of."""
    if not wants_part(request):
        query = request.GET.urlencode()
        return redirect(f"{reverse('chats:message_new')}{f'?{query}' if query else ''}")
    context = _people(request, request.GET.get("q", ""), request.GET.get("to", ""))
    count = len(context["found"])
    context["live"] = ngettext("%(count)s person matches", "%(count)s people match", count) % {
        "count": count
    }
    return render_parts(request, ["partials/people.html", "partials/oob_live.html"], context)
