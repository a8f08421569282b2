"""Writing to somebody: find them, then write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from chats.forms import NewMessageForm
from chats.http.limits import limited
from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, render_parts, signed_in, wants_part
from chats.message_view_model import Person
from chats.page_shell import PageShell
from messaging import services
from messaging.people import people_listed, people_named, people_to_write_to

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(slots=True)
class Choice:
    """A person to choose, as a radio button of `partials/people.html`."""

    person: Person
    username: str  # always shown: two names can look alike
    checked: bool


@dataclass(kw_only=True)
class FoundPeople:
    """People to choose from."""

    q: str  # what was typed
    found: list[Choice]
    live: str = ""


@dataclass(kw_only=True)
class NewMessagePage(FoundPeople):
    """The form for a message to somebody."""

    shell: PageShell
    form: NewMessageForm


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
    found = _find_people(request, name, _chosen(request, form))
    page = NewMessagePage(shell=PageShell(request), form=form, q=found.q, found=found.found)
    return render_part(request, "chats/new.html", "chats/new.html", page, status=status)


def _chosen(request: ReaderRequest, form: NewMessageForm) -> User | None:
    """Who is chosen: by their id in a form, and in a link (`?to=ana`) by their user name."""
    people = people_to_write_to(request.user)
    if request.method == "POST":
        return people.filter(pk=id_or_zero(str(form["to"].value()))).first()
    username = request.GET.get("to", "").replace("\0", "")
    return people.filter(username=username).first() if username else None


def _find_people(request: ReaderRequest, name: str, chosen: User | None) -> FoundPeople:
    """The people to choose from: those whom `name` finds. Without a name whoever is chosen, and
    everybody who is here, if they are few.
    """
    name = name[:150].strip()
    if name:
        found = list(people_named(name, searcher=request.user))
    else:
        found = people_listed(request.user) if settings.LIST_PEOPLE else []
        if chosen:
            found = [chosen, *(user for user in found if user != chosen)]
    if name and len(found) == 1:
        chosen = found[0]
    choices = [Choice(Person.of(user), user.username, checked=user == chosen) for user in found]
    return FoundPeople(q=name, found=choices)


@signed_in
@require_safe
@limited("people_search", count_reads=True)
def people(request: ReaderRequest) -> HttpResponse:
    """The people a name finds, to choose one of."""
    if not wants_part(request):
        name = request.GET.get("q", "")
        query = f"?{urlencode({'q': name})}" if name else ""
        return redirect(f"{reverse('chats:message_new')}{query}")
    # Whoever was chosen on the page stays so, if this name finds them too.
    chosen = people_to_write_to(request.user).filter(pk=id_or_zero(request.GET.get("to"))).first()
    context = _find_people(request, request.GET.get("q", ""), chosen)
    count = len(context.found)
    label = ngettext("%(count)s person matches", "%(count)s people match", count)
    context.live = label % {"count": count}
    return render_parts(request, ["partials/people.html", "partials/oob_live.html"], context)
