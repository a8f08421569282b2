"""Everybody asks for everything, in every way, and gets what `rules.py` says."""

import logging
import re

import pytest
from django.core.cache import caches
from django.db import transaction

from tests.chats.conftest import HTMX
from tests.safety.people import everybody, routes, rows, sent, session_keys
from tests.safety.rules import ANYBODY, INSIDE, OUTSIDE, RULES

pytestmark = pytest.mark.django_db

HARMLESS = ("GET", "HEAD", "OPTIONS")
OTHERS = ("PUT", "DELETE")

TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+')
TYPED = re.compile(rb"Some text that was typed, \d+")


@pytest.fixture
def them(settings, caplog):
    caplog.set_level(logging.CRITICAL)  # thousands of answers are no, each with a warning
    settings.ACCOUNT_RATE_LIMITS = False  # somebody asks for hundreds of things here
    settings.EMAIL_URL = "smtp://mail.example"
    return everybody()


def test_every_address_has_a_rule_and_every_rule_an_address():
    assert set(RULES) == set(routes())


def ask(them, who, method, name, *, htmx, absent=False):
    rule = RULES[name]
    data = sent(them) if method == "POST" else {}
    browser = them.browsers[who]
    # Each question is a first one: an answer that signs somebody out ends nothing here.
    cookies = browser.cookies.output()
    address = them.address(name, rule.about, absent=absent)
    if method == "POST":
        answer = browser.post(address, data, headers=HTMX if htmx else None)
    else:
        answer = browser.generic(method, address, headers=HTMX if htmx else None)
    if browser.cookies.output() != cookies:
        browser.cookies.load(cookies.replace("Set-Cookie: ", ""))
    return answer


def is_as_ruled(answer, who, method, rule):
    """Whether `answer` is what `rule` says to `who`. Never an error of the server."""
    status = answer.status_code
    if status == rule.instead and who in rule.people and method in rule.methods:
        return True
    if status >= 500:
        return False
    to_sign_in = status == 302 and "/login/" in answer["Location"]
    if who in OUTSIDE and rule.people != ANYBODY:
        # Asked to sign in, or, where nothing is left to sign in for, told that it is not there.
        # What stands beside Django looks at the method first.
        gone = not rule.people and status in {404, 405}
        return to_sign_in or status == 401 or gone or (bool(rule.instead) and status == 405)
    if method == "OPTIONS" and rule.options == 200:
        return status in {200, 302}
    if method not in rule.methods:
        # Django's admin answers any method as it answers GET, to those whom it answers at all;
        # allauth says whether a link is good before it looks at the method.
        knows_methods = rule.options == 405 and 403 not in rule.refused
        return status in ({405, 302} if knows_methods else {405, 200, 302, 403, 404})
    if who not in rule.people:
        # A browser that asks for a part is sent to its page, and is refused there.
        return status in rule.refused and (status != 302 or to_sign_in or 404 in rule.refused)
    return status in {200, 204, 302, 400, 422} and (not to_sign_in or rule.signs_out)


@pytest.mark.parametrize("who", ANYBODY)
def test_asking_is_answered_by_the_rules_and_changes_nothing(them, who):
    known = session_keys()
    before = rows(known)
    wrong = []

    for name, rule in RULES.items():
        for method in (*HARMLESS, *OTHERS):
            for htmx in (False, True):
                answer = ask(them, who, method, name, htmx=htmx)
                if not is_as_ruled(answer, who, method, rule):
                    wrong.append((name, method, htmx, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))
    assert rows(known) == before


@pytest.mark.parametrize("who", ANYBODY)
def test_sending_what_is_not_ones_to_send_changes_nothing(them, who):
    known = session_keys()
    before = rows(known)
    wrong = []

    for name, rule in RULES.items():
        for htmx in (False, True) if who not in rule.people else ():
            answer = ask(them, who, "POST", name, htmx=htmx)
            if not is_as_ruled(answer, who, "POST", rule):
                wrong.append((name, htmx, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))
    assert rows(known) == before


@pytest.mark.parametrize("who", ANYBODY)
def test_sending_what_is_ones_to_send_is_taken(them, who):
    wrong = []

    for name, rule in RULES.items():
        for htmx in (False, True) if who in rule.people else ():
            with transaction.atomic():
                answer = ask(them, who, "POST", name, htmx=htmx)
                if not is_as_ruled(answer, who, "POST", rule):
                    wrong.append((name, htmx, answer.status_code))
                transaction.set_rollback(True)
            # What was kept of versions that were taken back is of no world.
            for cache in caches.all(initialized_only=True):
                cache.clear()

    assert not wrong, "\n".join(map(str, wrong))


def comparable(answer, address):
    """What somebody could tell apart, but for the address and the text they sent themselves."""
    content = TYPED.sub(b"", TOKEN.sub(b"", answer.content)).replace(address.encode(), b"")
    # The address again, the time, and the number of the request.
    own = {"Content-Length", "Location", "Expires", "X-Request-ID"}
    return answer.status_code, content, {k: v for k, v in answer.items() if k not in own}


@pytest.mark.parametrize("who", INSIDE)
def test_what_is_not_ones_own_is_answered_like_what_is_not_there(them, who):
    different = []
    compared = 0

    for name, rule in RULES.items():
        if who in rule.people or not rule.about or 403 in rule.refused:
            continue
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"):
            for htmx in (False, True):
                theirs = ask(them, who, method, name, htmx=htmx)
                nobodys = ask(them, who, method, name, htmx=htmx, absent=True)
                compared += 1
                if comparable(theirs, them.address(name, rule.about)) != comparable(
                    nobodys, them.address(name, rule.about, absent=True)
                ):
                    different.append((name, method, htmx, theirs.headers, nobodys.headers))

    assert not different, "\n".join(map(str, different))
    assert compared


def test_a_cookie_of_somebody_who_is_out_is_as_good_as_none(them):
    different = []

    for name in RULES:
        for method in ("GET", "POST"):
            for htmx in (False, True):
                with transaction.atomic():
                    of_nobody = ask(them, "anonymous", method, name, htmx=htmx)
                    transaction.set_rollback(True)
                for who in set(OUTSIDE) - {"anonymous"}:
                    with transaction.atomic():
                        answer = ask(them, who, method, name, htmx=htmx)
                        transaction.set_rollback(True)
                    if (answer.status_code, answer.get("Location")) != (
                        of_nobody.status_code,
                        of_nobody.get("Location"),
                    ):
                        different.append((name, method, htmx, who, answer.status_code))

    assert not different, "\n".join(map(str, different))
