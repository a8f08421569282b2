"""Search: for messages and for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from chats.http.limits import limited
from chats.http.params import id_or_zero
from chats.http.requests import ReaderRequest
from chats.http.responses import render_part, signed_in
from chats.message_view_model import Clock, Person, message_url
from messaging.rendering import excerpt
from messaging.search import (
    COUNTED,
    LONGEST,
    PAGE,
    Problem,
    Query,
    Remark,
    find_people,
    parse,
    pieces_around,
    search_messages,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.models import Message


@dataclass(slots=True)
class Result:
    """A message that was found, as its reader sees it."""

    url: str
    avatar: SafeString
    who: SafeString
    answers: str  # "in reply to Ben: …"; empty if the message is not a reply
    text: SafeString  # the text around the first hit, each hit marked
    when: str
    when_machine: str


@dataclass(slots=True)
class FoundPerson:
    """A person whose name was found."""

    url: str  # of the conversation with them, or of the form for a new message
    person: Person
    username: str


@dataclass
class SearchPage:
    """The context of `chats/search.html` and of its parts."""

    query: Query
    before: int  # an id: the page shows older messages; 0 on the first page
    problem: str
    remarks: list[str]
    people: list[FoundPerson]
    results: list[Result]
    found: int  # the number of all hits, counted up to COUNTED + 1
    found_text: str
    counted_text: str
    uncounted: bool  # there are more hits than were counted
    next: str  # the query string of the next page; empty on the last one
    live: str  # the announcement for screen readers


@signed_in
@require_safe
@limited("search", count_reads=True)
def search(request: ReaderRequest) -> HttpResponse:
    """The messages in the reader's conversations, newest first, and the people of that name."""
    part = "items" if request.GET.get("part") == "items" else "page"
    template = {"items": "partials/result_items.html", "page": "partials/results.html"}[part]
    page = _search_page(request)
    if part == "items":
        count = len(page.results)
        more = ngettext("%(count)s more result", "%(count)s more results", count)
        page.live = more % {"count": count}
    return render_part(request, "chats/search.html", template, page, oob=["partials/oob_live.html"])


def _search_page(request: ReaderRequest) -> SearchPage:
    query = parse(request.GET.get("q", ""))
    before = id_or_zero(request.GET.get("before"))
    reader = request.user
    messages = list(search_messages(reader, query, before=before or None))
    people = find_people(query.name, reader) if query.name and not before else []
    shown = messages[:PAGE]
    found = messages[0].found if messages else 0
    has_next = len(messages) > PAGE
    return SearchPage(
        query=query,
        before=before,
        problem=_problem_label(query),
        remarks=[_remark_label(remark, about) for remark, about in query.remarks],
        people=[_found_person(*one) for one in people],
        results=_results(shown, query, reader),
        found=found,
        found_text=number_format(found, force_grouping=True),
        counted_text=number_format(COUNTED, force_grouping=True),
        uncounted=found > COUNTED,
        next=urlencode({"q": query.text, "before": shown[-1].pk}) if has_next else "",
        live=_found_label(query, found, len(people)),
    )


def _results(messages: list[Message], query: Query, reader: User) -> list[Result]:
    clock = Clock()
    return [
        Result(
            url=f"{message_url(message.pk)}#m-{message.pk}",
            avatar=Person.of(message.sender).avatar,
            who=_who(message, reader),
            answers=_answers(message, reader),
            text=_marked(message.content, query),
            when=clock.in_row(message.timestamp),
            when_machine=clock.machine(message.timestamp),
        )
        for message in messages
    ]


def _who(message: Message, reader: User) -> SafeString:
    if message.sender_id == reader.pk:
        return format_html(_("You to {}"), _isolated(Person.of(message.receiver).name))
    return _isolated(Person.of(message.sender).name)


def _isolated(name: str) -> SafeString:
    # A name that is written in the other direction does not reorder the words around it.
    return format_html("<bdi>{}</bdi>", name)


def _answers(message: Message, reader: User) -> str:
    parent = message.parent_message
    if parent is None:
        return ""
    if parent.deleted_at is not None:
        return _("in reply to a deleted message")
    text = excerpt(parent.content)
    if parent.sender_id == reader.pk:
        return _("in reply to you: %(text)s") % {"text": text}
    if parent.sender_id == message.sender_id:
        return _("in reply to themselves: %(text)s") % {"text": text}
    name = Person.of(parent.sender).first
    return _("in reply to %(name)s: %(text)s") % {"name": name, "text": text}


def _marked(content: str, query: Query) -> SafeString:
    """The text around the first hit as safe HTML, each hit marked."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<mark>{}</mark>", piece.text) if piece.hit else piece.text,)
            for piece in pieces_around(content, query)
        ),
    )


def _found_person(user: User, conversation: int | None) -> FoundPerson:
    if conversation:
        url = f"{reverse('chats:conversation_detail', args=[conversation])}#latest"
    else:
        url = f"{reverse('chats:message_new')}?{urlencode({'to': user.username})}"
    return FoundPerson(url, Person.of(user), user.username)


def _problem_label(query: Query) -> str:
    texts = {
        Problem.TOO_SHORT: _("Type at least two letters."),
        Problem.TOO_LONG: _("That is too long to search for: %(limit)s characters at most.")
        % {"limit": LONGEST},
        Problem.NO_WORD: _("There is no word in that to search for: type letters or digits."),
    }
    return texts.get(query.problem, "") if query.problem else ""


def _remark_label(remark: Remark, about: str) -> str:
    if remark is Remark.FILTER:
        return _("“%(text)s” was not understood as a filter, and was searched for as words.") % {
            "text": about
        }
    if remark is Remark.QUOTE:
        return _("A quotation mark has no partner: what follows it was searched for as words.")
    return _("A character that no message can have was left out.")


def _found_label(query: Query, found: int, people: int) -> str:
    """The announcement for screen readers: their users do not see the list change."""
    if query.problem:
        return _problem_label(query)
    if found > COUNTED:
        label = _("More than %(count)s results") % {
            "count": number_format(COUNTED, force_grouping=True)
        }
    else:
        label = ngettext("%(count)s result", "%(count)s results", found) % {
            "count": number_format(found, force_grouping=True)
        }
    if people:
        label += ", " + ngettext("%(count)s person", "%(count)s people", people) % {"count": people}
    return label
