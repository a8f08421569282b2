"""Answers: a whole page to a browser, a part of the same page to htmx."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def wants_part(request: HttpRequest) -> bool:
    """htmx asks, and not to restore a page from its history."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.history_restore_request


def render_part(
    request: HttpRequest,
    page: str,
    part: str,
    context: DataclassInstance,
    *,
    oob: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    """`page` for a browser; for htmx `part`, with the `oob` parts that change elsewhere on it.

    Each field of `context` is a variable of the templates.
    """
    if not wants_part(request):
        return varying(render(request, page, _variables(context), status=status))
    return render_parts(request, [part, *oob], context, status=status)


def render_parts(
    request: HttpRequest, parts: Iterable[str], context: DataclassInstance, *, status: int = 200
) -> HttpResponse:
    """Several parts, one after the other. Each field of `context` is a variable of the templates."""
    variables = _variables(context)
    html = "".join(render_to_string(part, variables, request) for part in parts)
    return as_part(HttpResponse(html, status=status))


def _variables(context: DataclassInstance) -> dict[str, Any]:
    # Not `dataclasses.asdict`: that copies, and turns dataclasses inside into dictionaries.
    return {field.name: getattr(context, field.name) for field in fields(context)}


def as_part(response: HttpResponse) -> HttpResponse:
    """Marks `response` as a part that htmx asked for. static/js/feedback.js shows nothing else: a
    proxy or a network may answer with a page of its own, with any status.
    """
    response["Parley-Part"] = "1"
    return varying(response)


def varying(response: HttpResponse) -> HttpResponse:
    """A page and its part have one address: whoever keeps answers must tell them apart."""
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response


def render_toast(request: HttpRequest, text: str, *, status: int, **context: Any) -> HttpResponse:
    """An error for htmx, which says where it goes."""
    context |= {"text": text, "is_error": True}
    response = HttpResponse(
        render_to_string("partials/toast.html", context, request), status=status
    )
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "afterbegin"
    return as_part(response)


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """A redirect to the page the form stood on, if it names one of ours."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(target if ours and target.startswith("/") else otherwise)


def part_of_page(
    page: str,
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """The view answers with a part only: a browser that asks for it is sent to the `page`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def part_or_page(request: HttpRequest, pk: int, *args: Any) -> HttpResponse:
            if wants_part(request):
                return as_part(view(request, pk, *args))
            query = request.GET.urlencode()
            return redirect(f"{reverse(page, args=[pk])}{f'?{query}' if query else ''}")

        return part_or_page

    return decorate


def typed_fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What the form held that this request sent, to be sent again.

    None if a password was among it: a page that carries one could be left open. None as well if
    it cannot be read as a form.
    """
    try:
        posted = request.POST
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return None
    if any("password" in name for name in posted):
        return None
    fields = [(name, value) for name, values in posted.lists() for value in values]
    return [field for field in fields if field[0] != "csrfmiddlewaretoken"]


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for people who are signed in; nobody else loses what they typed.

    A page sends them to sign in and back. A form comes back with its text, to be sent again
    after signing in in another tab; htmx gets a toast that says so, and leaves the form alone.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if wants_part(request):
            return render_toast(
                request,
                _("You were signed out. Sign in in a new tab, then try again."),
                status=401,
                sign_in=True,
            )
        if request.method == "POST":
            context = {"typed": typed_fields(request), "action": request.path}
            return varying(render(request, "chats/signed_out.html", context, status=401))
        target = request.get_full_path()
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")

    return guarded
