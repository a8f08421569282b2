"""What every answer says to the browser, and what forms of other sites can do: nothing."""

import logging

import pytest
from django.conf import settings as configured
from django.test import Client

from messaging.models import Notification
from tests.chats.conftest import HTMX, signed_in
from tests.html import soup
from tests.safety.people import everybody, rows, sent, session_keys
from tests.safety.rules import RULES

pytestmark = pytest.mark.django_db

# A browser sends one of these with every form, and a form elsewhere could only send the last.
ALWAYS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}


@pytest.fixture
def them(settings, caplog):
    caplog.set_level(logging.CRITICAL)
    settings.ACCOUNT_RATE_LIMITS = False
    return everybody()


def missing(answer):
    """The headers that `answer` should have and has not, or has otherwise."""
    policy = {
        name: set(values)
        for name, *values in (
            part.split() for part in answer.get("Content-Security-Policy", "").split(";") if part
        )
    }
    found = [name for name, value in ALWAYS.items() if answer.get(name) != value]
    return found + (["Content-Security-Policy"] if policy != POLICY else [])


def test_every_answer_has_every_header(them, monkeypatch):
    wrong, statuses = [], set()

    def look(answer, *what):
        statuses.add(answer.status_code)
        if lacking := missing(answer):
            wrong.append((*what, answer.status_code, lacking))

    for who in ("anonymous", "sender", "stranger", "administrator"):
        for name, rule in RULES.items():
            for headers in (None, HTMX):
                address = them.address(name, rule.about)
                look(them.browsers[who].get(address, headers=headers), who, name)
    for headers in (None, HTMX):
        checked = Client(enforce_csrf_checks=True, raise_request_exception=False)
        look(checked.post("/new/", {"content": "Hi"}, headers=headers), "no token")
        look(checked.get("/no/such/page/", headers=headers), "nowhere")
        look(checked.get("/inbox/", headers={"Host": "evil.example"}), "another's name")
        many = {"seen": range(2000)}
        look(them.browsers["sender"].post("/c/1/seen/", many, headers=headers), "too many fields")
        monkeypatch.setattr(Notification.objects, "for_list", None, raising=False)
        look(them.browsers["sender"].get("/notifications/", headers=headers), "a failure")

    assert not wrong, "\n".join(map(str, wrong))
    assert {200, 302, 400, 401, 403, 404, 405, 500} <= statuses


def test_cookies_are_for_our_own_pages_alone(ana, client):
    ana.set_password("seventeen green herons")
    ana.save()

    client.post("/accounts/login/", {"login": "ana", "password": "seventeen green herons"})

    for name in (configured.SESSION_COOKIE_NAME, configured.CSRF_COOKIE_NAME):
        assert client.cookies[name]["samesite"] == "Lax"
        assert client.cookies[name]["httponly"]


def test_no_form_of_ours_works_without_its_token(them):
    """Also by htmx, with a token of somebody else, and with one from before signing in."""
    wrong = []
    # Mail programs press "unsubscribe" by themselves (RFC 8058): its token is in the address.
    posted = [
        name
        for name, rule in RULES.items()
        if "POST" in rule.methods and name != "accounts:unsubscribe"
    ]

    for who in ("anonymous", "sender", "receiver", "administrator"):
        browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
        login = soup(browser.get("/accounts/login/"))
        old = login.select_one("[name=csrfmiddlewaretoken]")["value"]
        if who != "anonymous":
            browser.force_login(them.users[who])
        foreign = Client()
        foreign.get("/accounts/login/")
        tokens = [None, "", "x" * 64, foreign.cookies["csrftoken"].value]
        if who != "anonymous":
            # Signing in by the page changes the token; what the page before held is then too old.
            browser.cookies["csrftoken"] = "n" * 32
            tokens.append(old)
        known = session_keys()
        before = rows(known)
        for name in posted:
            for token in tokens:
                for headers in ({}, HTMX):
                    fields = sent(them) | ({} if token is None else {"csrfmiddlewaretoken": token})
                    answer = browser.post(
                        them.address(name, RULES[name].about), fields, headers=headers
                    )
                    if answer.status_code != 403:
                        wrong.append((who, name, token, answer.status_code))
        if rows(known) != before:
            wrong.append((who, "changed something"))

    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil"])
def test_a_token_is_no_good_from_another_site(them, origin):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(them.users["sender"])
    page = soup(browser.get("/new/"))
    token = page.select_one("[name=csrfmiddlewaretoken]")["value"]
    before = rows(session_keys())
    fields = sent(them) | {"csrfmiddlewaretoken": token}

    answer = browser.post("/new/", fields, headers={"Origin": origin})

    assert answer.status_code == 403
    assert rows(session_keys()) == before
    assert browser.post("/new/", fields).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "///evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "https://testserver@evil.example/",
        "https://testserver.evil.example/",
        "\x00//evil.example",
        "/\t/evil.example",
        "data:text/html,hi",
    ],
)
def test_signing_in_and_up_lead_to_no_other_site(client, ana, target):
    ana.set_password("seventeen green herons")
    ana.save()
    up = {
        "username": "newcomer",
        "first_name": "New",
        "password1": "seventeen green herons",
        "password2": "seventeen green herons",
        "next": target,
    }

    inside = {"login": "ana", "password": "seventeen green herons", "next": target}
    answers = [client.post("/accounts/login/", inside)]
    answers.append(client.post("/accounts/logout/", {"next": target}))
    answers.append(client.post("/accounts/signup/", up))
    # Also for whoever is in already, and by a link that somebody was sent.
    answers.append(client.get("/accounts/login/", {"next": target}))

    for answer in answers:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/")
        assert not answer["Location"].startswith(("//", "/\\"))
        assert "evil" not in answer["Location"].partition("?")[0]


def test_a_page_of_ours_is_framed_by_nobody_and_runs_nothing_written_in_it(them):
    page = soup(signed_in(them.users["sender"]).get("/inbox/"))

    assert not [script for script in page.select("script") if not script.get("src")]
    assert not page.select("style, [style], iframe, object, embed, base, meta[http-equiv]")
