"""What requests that should not be get for an answer. Who may ask for what, at every address and by
every method, is in `tests/safety/rules.py`; every kind of id in `tests/safety/test_identifiers.py`.
"""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from chats.urls import urlpatterns
from messaging.models import Message, Notification
from tests.chats.addresses import (
    POSTED,
    SHOWN,
    address,
    filled_in,
    url_of,
)
from tests.chats.conftest import HTMX
from tests.chats.stored_rows import everything
from tests.html import soup

ABSENT = 987_654_321
# What somebody may write where an id belongs. The last ones are too large for the database.
JUNK = ("0", "-1", "", "x", "1e3", "²", "\0", "9" * 40, str(2**63), str(2**63 - 1), "9" * 1500)
PARTS = ("", "?part=thread", "?part=replies&after=0", "?part=message", "?part=rows", "?part=cards")


def test_every_address_is_tested_here():
    events = {"live"}  # tests/live
    assert {pattern.name for pattern in urlpatterns} == {*SHOWN, *POSTED} | events


# --- Not signed in --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_an_anonymous_visitor_is_sent_to_sign_in_and_back(client, mine, name):
    asked = address(name, mine) + "?before=5"

    response = client.get(asked)

    target = urlsplit(response["Location"])
    assert response.status_code == 302
    assert target.path == reverse("account_login")
    assert parse_qs(target.query)["next"] == [asked]


@pytest.mark.parametrize("name", POSTED)
def test_a_form_sent_without_a_session_comes_back_with_its_text(client, mine, name):
    before = everything()

    page = soup(client.post(address(name, mine), filled_in(mine)), 401)

    form = page.select_one("form[method=post]")
    assert form["action"] == address(name, mine)
    assert form.select_one("textarea[name=content]").text.strip() == "Some text that was typed"
    assert form.select_one("input[name=client_key]")["value"]
    assert form.select_one("input[name=to]")["value"] == str(mine.sender_id)
    assert everything() == before


@pytest.mark.parametrize("name", SHOWN + POSTED)
def test_htmx_without_a_session_gets_a_toast_and_keeps_the_form(client, mine, name):
    ask = client.post if name in POSTED else client.get

    response = ask(address(name, mine), headers=HTMX)

    toast = soup(response, 401)
    assert response["HX-Retarget"] == "#toasts"
    assert response["HX-Reswap"] == "afterbegin"
    assert toast.select_one("[role=alert] a[target=_blank]")["href"] == reverse("account_login")
    assert mine.content not in toast.text


def test_what_came_back_is_sent_after_signing_in(ana, mine):
    client = Client(enforce_csrf_checks=True)
    token = soup(client.get(reverse("account_login"))).select_one("[name=csrfmiddlewaretoken]")
    typed = filled_in(mine) | {"csrfmiddlewaretoken": token["value"]}
    page = soup(client.post(address("message_send", mine), typed), 401)
    client.force_login(ana)  # in another tab

    again = client.post(address("message_send", mine), fields_of(page))

    assert again.status_code == 302
    assert Message.objects.filter(content="Some text that was typed").count() == 1


# --- Asking changes nothing -----------------------------------------------------------------------


def test_asking_for_parts_changes_nothing(as_ana, theirs, edited, deleted, headers):
    before = everything()

    for message in (theirs, edited, deleted):
        for name in ("inbox", "message_detail"):
            for part in PARTS:
                as_ana.get(address(name, message) + part, headers=headers)

    assert everything() == before


@pytest.mark.parametrize("name", SHOWN)
def test_head_answers_as_get_does_without_a_body(as_ana, edited, name, headers):
    shown = as_ana.get(address(name, edited), headers=headers)

    response = as_ana.head(address(name, edited), headers=headers)

    assert response.status_code == shown.status_code < 400
    assert response.content == b""


# --- Forms of other sites -------------------------------------------------------------------------


@pytest.fixture
def checked(ana):
    """ana, with the checks that test clients leave out."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    return client


def fields_of(page):
    """What a browser sends of the form on `page`."""
    form = page.select_one("form[method=post]")
    fields = {box["name"]: box.text.lstrip("\n") for box in form.select("textarea")}
    return fields | {box["name"]: box.get("value", "") for box in form.select("input[name]")}


@pytest.mark.parametrize("name", POSTED)
def test_a_form_without_the_token_changes_nothing_and_comes_back(checked, mine, name):
    before = everything()

    response = checked.post(address(name, mine), filled_in(mine))

    page = soup(response, 403)
    assert everything() == before
    assert page.select_one("textarea[name=content]").text.strip() == "Some text that was typed"
    assert page.select_one("form[method=post]")["action"] == address(name, mine)


def test_pressing_send_again_sends_what_came_back(checked, mine):
    page = soup(checked.post(address("message_send", mine), filled_in(mine)), 403)

    response = checked.post(address("message_send", mine), fields_of(page))

    assert response.status_code == 302
    assert Message.objects.filter(content="Some text that was typed").count() == 1


@pytest.mark.parametrize("name", POSTED)
def test_htmx_without_the_token_gets_a_new_one(checked, mine, name):
    before = everything()

    response = checked.post(address(name, mine), filled_in(mine), headers=HTMX)

    part = soup(response, 403)
    token = part.select_one("input[name=csrfmiddlewaretoken]")
    assert everything() == before
    assert response["HX-Retarget"] == "#toasts"
    assert token["hx-swap-oob"] == "outerHTML:input[name=csrfmiddlewaretoken]"
    typed = filled_in(mine) | {"csrfmiddlewaretoken": token["value"]}
    again = checked.post(address("message_send", mine), typed, headers=HTMX)
    assert again.status_code == 200


# --- Where one is sent back to --------------------------------------------------------------------

BACK = ("message_read", "message_unread", "conversation_read", "conversation_seen", "inbox_read")


@pytest.mark.parametrize("name", BACK)
def test_one_comes_back_to_the_page_the_form_stood_on(as_ana, theirs, name):
    response = as_ana.post(address(name, theirs), {"next": "/inbox/?show=unread"})

    assert response["Location"] == "/inbox/?show=unread"


@pytest.mark.parametrize("name", [*BACK, "notifications_read"])
@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "http://[",
        "evil.example",
        "",
        " //evil.example",
    ],
)
def test_nobody_is_sent_elsewhere(as_ana, theirs, name, elsewhere):
    response = as_ana.post(address(name, theirs), {"next": elsewhere})

    target = response["Location"]
    assert response.status_code == 302
    assert target.startswith("/")
    assert "evil" not in target


def test_where_to_go_back_to_writes_no_header(as_ana, theirs):
    response = as_ana.post(
        address("message_read", theirs), {"next": "/inbox/\r\nSet-Cookie: a=b\0"}
    )

    assert response.status_code == 302
    assert not {"\r", "\n", "\0"} & set(response["Location"])
    assert "a" not in response.cookies


# --- What is no id --------------------------------------------------------------------------------


# Which fields a form reads, beside its text.
READ = {
    "message_send": ("client_key",),
    "message_reply": ("client_key",),
    "message_new": ("client_key", "to"),
    "message_edit": ("text_version",),
    "conversation_read": ("up_to",),
    "inbox_read": ("up_to",),
    "notifications_read": ("up_to",),
    "conversation_seen": ("seen",),
}


@pytest.mark.parametrize(("name", "field"), [(name, one) for name in READ for one in READ[name]])
def test_junk_in_a_form_has_no_effect(as_ana, theirs, edited, name, field, headers):
    message = edited if name == "message_edit" else theirs
    before = everything()

    for junk in JUNK:
        if field == "up_to" and junk == str(2**63 - 1):
            continue  # however large, it is a number: everything there is
        typed = filled_in(message) | {field: junk}
        response = as_ana.post(address(name, message), typed, headers=headers)

        if field in {"client_key", "text_version", "to"}:
            assert response.status_code in {409, 422}, junk
            assert typed["content"] in response.content.decode()
        else:
            assert response.status_code == (200 if headers else 302), junk
        assert everything() == before


def test_a_level_that_is_none_does_not_keep_a_reply_back(as_ana, theirs, headers):
    for junk in JUNK:
        typed = filled_in(theirs, level=junk)
        response = as_ana.post(address("message_reply", theirs), typed, headers=headers)
        assert response.status_code == (200 if headers else 302), junk

    assert theirs.replies.count() == len(JUNK)


@pytest.mark.parametrize("url", ["http://[", "http://testserver", "x", "//", "\xff"])
def test_a_wrong_address_of_the_page_that_asks_is_no_error(as_ana, theirs, url):
    headers = HTMX | {"HX-Current-URL": url}

    assert as_ana.post(address("message_read", theirs), headers=headers).status_code == 200


def test_ids_of_other_conversations_are_left_alone(as_ana, theirs, foreign, headers):
    as_ana.post(
        url_of("conversation_seen", theirs.conversation_id), {"seen": [foreign.pk]}, headers=headers
    )
    as_ana.post(url_of("inbox_read"), {"up_to": foreign.pk}, headers=headers)

    foreign.refresh_from_db()
    assert not foreign.read


# --- What every answer says -----------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_is_kept_by_browsers(as_ana, edited, name, headers):
    response = as_ana.get(address(name, edited), headers=headers)

    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", POSTED)
def test_no_answer_to_a_form_is_kept_by_browsers(as_ana, mine, name, headers):
    for message in (mine, Message(pk=ABSENT, conversation_id=ABSENT, sender=mine.sender)):
        response = as_ana.post(address(name, message), headers=headers)
        assert response["Cache-Control"] == "private, no-store"


def test_errors_are_not_kept_by_browsers(as_ana, checked, monkeypatch, mine, headers):
    def fail(*args):
        raise RuntimeError

    as_ana.raise_request_exception = False
    refused = checked.post(address("message_send", mine), headers=headers)
    unknown = as_ana.get("/nothing/here/", headers=headers)
    monkeypatch.setattr(Notification.objects, "for_list", fail, raising=False)
    failed = as_ana.get(url_of("notifications"), headers=headers)
    elsewhere = as_ana.get(url_of("inbox"), headers=(headers or {}) | {"host": "wrong.example"})

    responses = (elsewhere, refused, unknown, failed)
    assert [response.status_code for response in responses] == [400, 403, 404, 500]
    for response in responses:
        assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", sorted(set(SHOWN) - {"home"}))
def test_a_page_restored_from_history_is_a_whole_page(as_ana, edited, name):
    headers = HTMX | {"HX-History-Restore-Request": "true"}

    page = soup(as_ana.get(address(name, edited), headers=headers, follow=True))

    assert page.select_one("html head title")
    assert page.select_one("main#main")


NO_PAGES = {"home", "conversation_unread", "people", "conversation_messages", "changes"}
NO_PAGES |= {"conversation_changes", "conversation_new"}
NO_PARTS = {"conversation_print"}  # a page on paper


@pytest.mark.parametrize("name", sorted(set(SHOWN) - NO_PAGES - NO_PARTS))
def test_a_page_says_that_its_part_is_another_answer(as_ana, edited, name, headers):
    response = as_ana.get(address(name, edited), headers=headers)

    assert {"HX-Request", "Cookie"} <= set(response["Vary"].split(", "))
