"""A real server, a real browser, and people who sit before it.

The rows of a test are made through the models, in the server's own database; nobody else's test
sees them, since everybody gets new people. Whatever the browser complains about fails the test.
"""

import os
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from accounts.models import Preferences
from messaging.models import Conversation
from scripts import installed_programs
from tests import npm
from tests.browser import axe as checker
from tests.browser.server import started
from tests.browser.states import EMPTY, OUTSIDE, STATES, make_sample
from tests.browser.watch import Watch
from tests.discretion import private_in
from tests.factories import UserFactory

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PASSWORD = "seventeen green herons"
# Milliseconds. Two workers share two cores with everything else.
PATIENCE = 10_000

numbers = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory, worker_id):
    folder = tmp_path_factory.mktemp("parley")
    shared = folder.parent if worker_id == "master" else folder.parent.parent
    server = started(folder, shared, settings.SECRET_KEY)
    yield server
    server.stop()


def installed(program: Path | None) -> Path:
    """That program; the test is left out without it, unless nothing may be."""
    if program is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("Chromium is not installed, and REQUIRE_ALL=1 lets nothing be left out.")
        pytest.skip("Chromium is not installed.")
    return program


@contextmanager
def a_browser(**options):
    """Chromium. While it runs, Playwright's event loop runs in this thread."""
    program = installed(installed_programs.browser())
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Django refuses to touch a database where an event loop runs: here nothing awaits it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=ARGUMENTS, **options
        )
        yield browser
        browser.close()


# For a module, not the session: other tests of this worker may want an event loop of their own.
@pytest.fixture(scope="module")
def browser():
    expect.set_options(timeout=PATIENCE)
    with a_browser() as browser:
        yield browser


@pytest.fixture
def _in_the_servers_database(server, browser, django_db_setup, django_db_blocker):
    """The models of this process read and write the database that the server serves."""
    ours = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = server.database
        yield
        connection.close()
        connection.settings_dict["NAME"] = ours


@pytest.fixture
def watch(server):
    """Fails the test over what the browser or the server complained of and no test expected."""
    watch = Watch()
    read = len(server.log.read_text())
    yield watch
    assert not watch.unexpected(), "\n".join(watch.unexpected())
    said = server.log.read_text()[read:]
    assert "Traceback" not in said
    assert not private_in(said)  # all that it says, at LOG_LEVEL=DEBUG


@pytest.fixture
def context(browser: Browser, server, watch):
    """Makes browser contexts: each is one person's browser, with its own cookies."""
    made: list[BrowserContext] = []

    def context(**options) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
        one = browser.new_context(base_url=server.address, **options)
        one.set_default_timeout(PATIENCE)
        watch.follow(one)
        made.append(one)
        return one

    yield context
    for one in made:
        one.close()


@pytest.fixture
def person(_in_the_servers_database):
    """Makes people who have an account; `PASSWORD` is theirs."""
    encoded = Argon2PasswordHasher().encode(PASSWORD, "salted and peppered")

    def person(name: str, **preferences):
        username = f"{name.split()[0].lower()}{next(numbers)}"
        user = UserFactory(username=username, first_name=name, password=encoded)
        if preferences:
            Preferences.objects.create(user=user, **preferences)
        return user

    return person


# Reading on sight would read what most tests want unread. Its own tests switch it on.
@pytest.fixture
def ana(person):
    return person("Ana Lima", read_on_sight=False)


@pytest.fixture
def ben(person):
    return person("Ben Ode", read_on_sight=False)


@pytest.fixture
def conversation(ana, ben):
    return Conversation.objects.between(ana, ben)


@pytest.fixture
def sign_in(context, server):
    """A page in a browser of its own, in which `user` is signed in."""

    def sign_in(user, **options) -> Page:
        client = Client(headers={"user-agent": "a test"})
        client.force_login(user)
        its = context(**options)
        its.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": server.address,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        return its.new_page()

    return sign_in


@pytest.fixture
def as_ana(sign_in, ana) -> Page:
    return sign_in(ana)


@pytest.fixture
def as_ben(sign_in, ben) -> Page:
    return sign_in(ben)


@pytest.fixture
def opened(watch, sign_in, context, person, ana, ben):
    """Opens a state: its page. What more is named the reader prefers."""
    watch.expect(r"status of (404|422)", "ERR_INTERNET_DISCONNECTED", "htmx:(sendError|afterReq)")

    def opened(state: str, **preferences) -> Page:
        Preferences.objects.update_or_create(user=ben, defaults=preferences)
        sample = make_sample(ben, ana, person("Thea ليلى"))
        if state in OUTSIDE:
            page = context().new_page()
        else:
            page = sign_in(person("Nora New") if state in EMPTY else ben)
        STATES[state](page, sample)
        return page

    return opened


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> checker.Axe:
    script = npm.file_of(checker.PACKAGE, "axe.min.js", tmp_path_factory.mktemp("axe"))
    return checker.Axe(script.read_text())
