"""The page at /search/: what it shows, what it says, and who may ask how often."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.urls import reverse

from messaging import services
from messaging.models import Message
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.html import soup
from tests.queries import at_most

pytestmark = pytest.mark.db

URL = "/search/"


@pytest.fixture
def ask(as_ana):
    """The page that answers a question of Ana's; the part, if htmx asks."""

    def answer(question, htmx=False, **more):
        headers = {"HX-Request": "true"} if htmx else {}
        return soup(as_ana.get(URL, {"q": question, **more}, headers=headers))

    return answer


def text_of(tag):
    return " ".join(tag.get_text().split())


def test_a_message_is_shown_with_all_that_tells_it_apart(ask, message):
    reply = reply_to(message, "The <b>hinge</b> & the door")

    (row,) = ask("hinge").select("#results .rows a")

    assert row["href"] == f"/m/{reply.pk}/#m-{reply.pk}"
    assert text_of(row.select_one(".row-name")) == "Ben Ode"
    assert text_of(row.select_one(".ctx")) == "in reply to you: Good morning, Ben"
    assert text_of(row.select_one(".row-last")) == "The <b>hinge</b> & the door"
    assert [mark.get_text() for mark in row.select("mark")] == ["hinge"]
    assert row.select_one("b") is None
    assert row.select_one("time")["datetime"]


@pytest.mark.parametrize(
    ("ana_wrote_it", "ana_answers", "said"),
    [
        (True, True, "in reply to you: Where?"),
        (True, False, "in reply to Ben: Where?"),
        (False, True, "in reply to you: Where?"),
        (False, False, "in reply to themselves: Where?"),
    ],
)
def test_what_is_answered_is_said(ask, ana, ben, ana_wrote_it, ana_answers, said):
    first, second = (ana, ben) if ana_answers else (ben, ana)
    parent = MessageFactory(sender=first, receiver=second, content="Where?")
    reply_to(parent, "By the hinge", sender=ana if ana_wrote_it else ben)

    assert text_of(ask("hinge").select_one(".ctx")) == said


def test_the_author_of_the_parent_is_named_whoever_received_the_reply(ask, ana, ben, message):
    """In a conversation of several people a reply may answer a third person."""
    cleo = UserFactory(first_name="Cleo Third")
    (parent,) = Message.objects.bulk_create(
        [Message(sender=cleo, receiver=ana, content="Where?", conversation=message.conversation)]
    )
    reply = Message(sender=ben, receiver=ana, content="By the hinge", parent_message=parent)
    reply.thread, reply.conversation = parent, message.conversation
    Message.objects.bulk_create([reply])

    assert text_of(ask("hinge").select_one(".ctx")) == "in reply to Cleo: Where?"


def test_a_deleted_parent_is_not_quoted(ask, ana, message):
    reply_to(message, "The hinge")
    services.delete_message(message=message, author=ana)

    assert text_of(ask("hinge").select_one(".ctx")) == "in reply to a deleted message"


def test_own_messages_say_to_whom(ask, ana, ben):
    MessageFactory(sender=ana, receiver=ben, content="My hinge")

    assert text_of(ask("hinge").select_one(".row-name")) == "You to Ben Ode"


def test_the_field_shows_what_was_asked(ask):
    for field in ask('from:ben "a <b>').select("input[name=q]"):
        assert field["value"] == 'from:ben "a <b>'


@pytest.mark.parametrize("page", ["inbox", "search", "message_new"])
def test_every_page_has_the_field_and_the_button(as_ana, page):
    html = soup(as_ana.get(reverse(f"chats:{page}")))

    assert html.select_one("header search form")["action"] == URL
    key = html.select_one('header label[data-key="/"]')
    assert html.select_one(f"header input#{key['for']}[name=q]")
    assert html.select_one(f'header a.bar-find[href="{URL}"]')


def test_while_typing_only_the_results_come(ask, message):
    page = ask("morn")
    field = page.select_one("#q")
    assert field["hx-get"] == URL
    assert field["hx-trigger"] == "input changed delay:300ms, retry"
    assert field["hx-replace-url"] == "true"

    part = ask("morn", htmx=True)

    assert part.select_one("html") is None
    assert part.select_one(field["hx-target"]).select_one("mark").get_text() == "morning"
    assert text_of(part.select_one("#live")) == "1 result"


def test_elsewhere_the_field_is_a_plain_form(as_ana):
    field = soup(as_ana.get("/inbox/")).select_one("#q")

    assert "hx-get" not in field.attrs
    assert "autofocus" not in field.attrs


@pytest.mark.parametrize(
    ("number", "shown", "said"),
    [
        (1, "1 message for plum", "1 result"),
        (2, "2 messages for plum", "2 results"),
        (1_000, "1,000 messages for plum", "1,000 results"),
        (1_001, "More than 1,000 messages for plum", "More than 1,000 results"),
    ],
)
def test_hits_are_counted(ask, ana, ben, conversation, number, shown, said):
    Message.objects.bulk_create(
        Message(sender=ana, receiver=ben, conversation=conversation, content="plum")
        for _one in range(number)
    )

    part = ask("plum", htmx=True)

    assert text_of(part.select_one(".searched")) == shown
    assert text_of(part.select_one("#live")) == said


def test_more_results_follow_by_a_link(as_ana, ask, ana, ben):
    for number in range(45):
        MessageFactory(sender=ana, receiver=ben, content=f"plum & pear {number}")
    rows = []
    page = ask("plum & pear")
    while True:
        rows += [text_of(row) for row in page.select("#results .rows .row-last")]
        more = page.select_one("#results .more a")
        if more is None:
            break
        query = parse_qs(urlsplit(more["href"]).query)
        assert query["q"] == ["plum & pear"]
        page = soup(as_ana.get(more["href"]))
        items = soup(as_ana.get(more["hx-get"], headers={"HX-Request": "true"}))
        assert [a["href"] for a in items.select(".row-c")] == [
            a["href"] for a in page.select("#results .row-c")
        ]
        assert re.match(r"\d+ more results?", text_of(items.select_one("#live")))

    assert rows == [f"plum & pear {number}" for number in range(44, -1, -1)]


def test_nothing_found_says_what_was_looked_for_and_what_to_try(ask):
    text = text_of(ask("zzyzx is:edited").select_one("#results"))

    assert "Nothing found" in text
    assert "“zzyzx is:edited”" in text
    assert "Try" in text


def test_people_stand_above_with_the_way_to_them(ask, ana, ben, conversation, message):
    new = UserFactory(username="benita", first_name="Benita")
    MessageFactory(sender=ana, receiver=ben, content="ben is here")

    results = ask("ben").select_one("#results")
    links = {text_of(a.select_one(".row-name")): a["href"] for a in results.select(".row-c")}

    assert links["Ben Ode"] == f"/c/{conversation.pk}/#latest"
    assert links["Benita"] == f"/new/?to={new.username}"
    assert [text_of(heading) for heading in results.select("h2")] == ["People", "Messages"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "What you can search for"),
        ("   ", "What you can search for"),
        ("x", "Type at least two letters."),
        ("w" * 10_000, "That is too long to search for: 200 characters at most."),
        ('"" - * () ^ :', "There is no word in that to search for"),
        ("\0", "A character that no message can have was left out."),
        ("plum\0pear", "A character that no message can have was left out."),
        ('"plum pear', "A quotation mark has no partner"),
        ("plum before:2026-02-30", "“before:2026-02-30” was not understood as a filter"),
        ("plum after:yesterday", "“after:yesterday” was not understood as a filter"),
        ("plum before:0001-01-01", "“before:0001-01-01” was not understood as a filter"),
        ("plum before:9999-12-31", "“before:9999-12-31” was not understood as a filter"),
        ("plum is:purple", "“is:purple” was not understood as a filter"),
        ("plum from:", "“from:” was not understood as a filter"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_makes_no_sense_gets_a_page_that_says_so(ask, question, said, htmx):
    assert said in text_of(ask(question, htmx=htmx).select_one("#results"))


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30, "1'"])
def test_a_place_that_is_none_is_the_beginning(ask, message, before):
    assert ask("morning", before=before).select_one("#results mark")


def test_who_is_signed_out_signs_in_first(client):
    assert client.get(URL, {"q": "plum"}).url.endswith("/?next=%2Fsearch%2F%3Fq%3Dplum")
    assert client.get(URL, headers={"HX-Request": "true"}).status_code == 401


def test_only_reading_is_allowed(as_ana):
    assert as_ana.post(URL).status_code == 405


def test_nobody_searches_faster_than_people_do(as_ana, settings):
    settings.ACCOUNT_RATE_LIMITS = {"search": "2/m/user"}
    cache.clear()
    for _number in range(2):
        assert as_ana.get(URL, {"q": "plum"}).status_code == 200

    refused = as_ana.get(URL, {"q": "plum"})
    assert refused.status_code == 429
    assert refused["Retry-After"]


def test_a_page_is_not_taken_for_its_part(as_ana):
    answer = as_ana.get(URL, {"q": "plum"})

    assert "HX-Request" in answer["Vary"]
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("count", [1, 25])
def test_a_search_takes_the_same_statements_however_much_it_finds(as_ana, ana, ben, count):
    for number in range(count):
        parent = MessageFactory(sender=ben, receiver=ana, content=f"pear {number}")
        reply_to(parent, f"plum {number}")
    as_ana.get("/inbox/")  # the list of conversations is in the cache from here on

    with at_most(6):
        as_ana.get(URL, {"q": "plum"})
    with at_most(4):
        as_ana.get(URL, {"q": "plum"}, headers={"HX-Request": "true"})


def test_the_field_costs_other_pages_nothing(as_ana):
    as_ana.get("/new/")
    with at_most(5):
        as_ana.get("/new/")
