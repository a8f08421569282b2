"""Error answers, and that none of them throws away what somebody typed."""

from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import Preferences
from messaging import services
from messaging.models import Message
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.factories import MessageFactory
from tests.html import soup


def test_a_reply_to_what_was_just_deleted_keeps_its_text(as_ana, theirs, ben):
    url = address("message_reply", theirs)
    services.delete_message(message=theirs, author=ben)

    page = soup(as_ana.post(url, filled_in(theirs, content="Nearly <b>sent")), 404)

    assert page.select_one("textarea").text.strip() == "Nearly <b>sent"
    assert not page.select("form")


def test_a_page_that_is_not_there_says_so(as_ana):
    page = soup(as_ana.get("/no/such/page/"), 404)

    assert page.h1.text == "This page is not here"


@pytest.mark.parametrize("address", ["http://parley.example", "https://parley.example"])
def test_a_name_that_is_not_this_servers_is_told_with_what_to_set(client, settings, address):
    settings.SECURE_SSL_REDIRECT = address.startswith("https:")  # which asks before anybody else

    response = client.get("/", headers={"host": "other.example"})

    assert response.status_code == 400
    assert "SITE_URL" in response.content.decode()
    assert response["Content-Type"] == "text/plain; charset=utf-8"


def test_more_fields_than_any_form_has_are_refused(as_ana, theirs, headers):
    url = url_of("conversation_seen", theirs.conversation_id)

    response = as_ana.post(url, {"seen": range(1000)}, headers=headers)

    assert response.status_code == 400
    assert ("HX-Retarget" in response) == (headers is not None)
    assert ("Parley-Part" in response) == (headers is not None)
    assert not Message.objects.get(pk=theirs.pk).read


def test_more_than_any_message_is_refused_and_htmx_keeps_the_form(as_ana, theirs):
    typed = filled_in(theirs, content="x" * 600_000)

    response = as_ana.post(address("message_reply", theirs), typed, headers=HTMX)

    assert response.status_code == 413
    assert response["HX-Retarget"] == "#toasts"


@pytest.fixture
def few_allowed(settings):
    settings.ACCOUNT_RATE_LIMITS = {"message_send": "1/m/user", "people_search": "1/m/user"}


@pytest.mark.parametrize("name", ["message_send", "message_reply", "message_new"])
def test_who_sends_too_fast_waits_and_keeps_the_text(few_allowed, as_ana, theirs, name):
    as_ana.post(address(name, theirs), filled_in(theirs))

    response = as_ana.post(address(name, theirs), filled_in(theirs, content="The second"))

    page = soup(response, 429)
    assert response["Retry-After"] == "60"
    assert "60 seconds" in page.get_text()
    assert page.select_one("textarea[name=content]").text.strip() == "The second"
    assert not Message.objects.filter(content="The second").exists()


@pytest.mark.parametrize("name", ["message_send", "message_reply"])
def test_who_sends_too_fast_by_htmx_gets_a_toast(few_allowed, as_ana, theirs, name):
    as_ana.post(address(name, theirs), filled_in(theirs), headers=HTMX)

    response = as_ana.post(address(name, theirs), filled_in(theirs), headers=HTMX)

    assert response.status_code == 429
    assert response["HX-Retarget"] == "#toasts"


def test_looking_at_a_form_is_not_limited(few_allowed, as_ana, theirs):
    for _ in range(3):
        assert as_ana.get(address("message_reply", theirs)).status_code == 200
        assert as_ana.get(url_of("message_new")).status_code == 200


@pytest.mark.parametrize("name", ["people", "message_new"])
def test_nobody_lists_people_by_asking_fast(few_allowed, as_ana, stranger, name):
    headers = HTMX if name == "people" else None
    url = url_of(name) + "?q=stra"
    assert 'name="to"' in as_ana.get(url, headers=headers).content.decode()

    again = as_ana.get(url, headers=headers)

    assert again.status_code == 429
    assert 'name="to"' not in again.content.decode()


def test_a_search_sent_with_a_form_is_limited_and_keeps_the_text(few_allowed, as_ana, theirs):
    typed = filled_in(theirs, find="1")
    as_ana.post(url_of("message_new"), typed)

    page = soup(as_ana.post(url_of("message_new"), typed), 429)

    kept = {box["name"]: box.get("value") for box in page.select("form input")}
    assert kept["find"] == "1"  # pressing "Send again" must search, not send
    assert page.select_one("textarea").text.strip() == typed["content"]


def test_limits_are_of_one_person(few_allowed, as_ana, as_stranger, theirs, foreign):
    as_ana.post(address("message_send", theirs), filled_in(theirs))

    response = as_stranger.post(address("message_send", foreign), filled_in(foreign))

    assert response.status_code == 302


def test_an_address_of_the_same_site_with_other_peoples_names_is_text(as_ana, ana, ben):
    ben.first_name = '"><script>alert(1)</script> \u202eevil'
    ben.save()
    MessageFactory(sender=ben, receiver=ana, content="Hello")

    for url in (url_of("inbox"), url_of("notifications"), url_of("message_new") + "?q=ev"):
        page = soup(as_ana.get(url))
        assert "alert(1)" in page.get_text()
        assert not [one for one in page.select("script") if "alert" in one.text]


def test_a_password_sent_to_nowhere_is_not_shown_again(client, db):
    page = soup(client.post("/no/such/page/", {"password": "kept to myself", "content": "x"}), 404)

    assert "kept to myself" not in str(page)


@pytest.mark.parametrize(
    ("origin", "offered"), [("http://testserver", 1), ("https://evil.test", 0)]
)
def test_only_a_form_of_ours_is_offered_to_be_sent_again(ana, theirs, origin, offered):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    headers = {"Origin": origin}

    page = soup(
        client.post(address("message_reply", theirs), {"content": "Hi"}, headers=headers), 403
    )

    assert len(page.select("form textarea")) == offered


@pytest.mark.parametrize(("error", "status"), [(RuntimeError, 500), (OperationalError, 503)])
@pytest.mark.parametrize("name", ["message_send", "message_reply", "message_new", "message_edit"])
def test_a_failure_gives_the_text_back(as_ana, mine, monkeypatch, error, status, name):
    def fail(**kwargs):
        raise error("database or disk is full")

    monkeypatch.setattr(services, "send_message", fail)
    monkeypatch.setattr(services, "edit_message", fail)
    as_ana.raise_request_exception = False
    typed = filled_in(mine, content="\nNearly <b>sent", to=mine.receiver_id)

    page = soup(as_ana.post(address(name, mine), typed), status)

    form = page.select_one("form")
    assert form["action"] == address(name, mine)
    assert form.select_one("textarea").text.removeprefix("\n") == typed["content"]
    assert form.select_one("[name=client_key]")["value"] == typed["client_key"]
    assert form.select_one("[name=csrfmiddlewaretoken]")["value"]


@pytest.mark.parametrize(
    ("language", "direction", "said"),
    [("de", "ltr", "Etwas ist schiefgegangen"), ("ar", "rtl", "حدث خطأ ما")],
)
def test_a_failure_is_told_in_the_language_of_the_reader(
    client, db, monkeypatch, language, direction, said
):
    monkeypatch.setattr("accounts.forms.LoginForm.is_valid", None)
    client.raise_request_exception = False

    answer = client.post("/accounts/login/", headers={"Accept-Language": language})

    page = soup(answer, 500)
    assert page.h1.get_text() == said
    assert (page.html["lang"], page.html["dir"]) == (language, direction)


def test_a_failure_of_the_database_is_told_without_it(as_ana, ana, monkeypatch):
    Preferences.objects.create(user=ana, language="de")
    as_ana.raise_request_exception = False

    def fail(*args):
        raise OperationalError("database is locked")

    monkeypatch.setattr("accounts.models.Preferences.objects.of", fail)
    answer = as_ana.get("/inbox/", headers={"Accept-Language": "ar"})

    # What the reader chose is in the database; what the browser asks for is not.
    assert soup(answer, 503).html["lang"] == "ar"


def test_a_failure_with_a_password_gives_nothing_back(client, db, monkeypatch):
    monkeypatch.setattr("accounts.forms.LoginForm.is_valid", None)
    client.raise_request_exception = False
    typed = {"login": "ana", "password": "kept to myself", "content": "x"}

    page = soup(client.post("/accounts/login/", typed), 500)

    assert not page.select("form")
    assert "kept to myself" not in str(page)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "application/x-www-form-urlencoded; charset=utf-7"]
)
@pytest.mark.parametrize("path", ["/no/such/page/", "/m/1/edit/", "/inbox/read/"])
def test_what_cannot_be_read_as_a_form_is_no_failure(client, as_ana, path, kind, headers):
    """Error pages give a text back, and so they read the form that may be the error."""
    for browser in (Client(), as_ana):
        answer = browser.post(path, b"content=x", content_type=kind, headers=headers)

        assert 400 <= answer.status_code < 500 or answer.status_code == 302


def test_what_is_too_large_is_said_to_be(as_ana, conversation, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000
    url = url_of("message_send", conversation.pk)
    fields = {"content": "word " * 1_000, "client_key": uuid4()}

    page = soup(as_ana.post(url, fields), status=413)
    toast = soup(as_ana.post(url, fields, headers=HTMX), status=413)

    assert page.h1.get_text() == "Too large to send"
    assert "That is too large to send." in toast.get_text()
    assert not Message.objects.exists()
