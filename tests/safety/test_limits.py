"""What is tried too often waits, and who has an account here is told to nobody."""

import logging
import threading
import time
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import BasePasswordHasher
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from messaging.models import Conversation, Message
from tests.chats.conftest import HTMX, signed_in
from tests.factories import UserFactory
from tests.html import soup

PASSWORD = "seventeen green herons"

pytestmark = pytest.mark.django_db


def posted(path, fields, client=None, **options):
    return (client or Client()).post(path, fields, **options)


def test_every_limit_answers_429_names_the_wait_and_keeps_the_text(
    ana, ben, conversation, settings
):
    settings.EMAIL_URL = "smtp://mail.example"
    once = ("login", "signup", "reset_password", "message_send", "people_search", "search")
    settings.ACCOUNT_RATE_LIMITS = dict.fromkeys(once, "1/m/ip") | {
        "message_send": "1/m/user",
        "people_search": "1/m/user",
        "search": "1/m/user",
    }
    me = signed_in(ana)
    send = reverse("chats:message_send", args=[conversation.pk])
    tried = {
        "sign-in": (Client(), "/accounts/login/", {"login": "ana", "password": "wrong"}, ""),
        "sign-up": (Client(), "/accounts/signup/", {"username": "x"}, ""),
        "reset": (Client(), "/accounts/password/reset/", {"email": "a@b.example"}, ""),
        "send": (me, send, {"content": "My long text", "client_key": str(uuid4())}, "My long text"),
        "search": (me, "/search/?q=word", None, ""),
        "people": (me, "/new/?q=ben", None, ""),
    }
    for what, (browser, path, fields, kept) in tried.items():
        for _ in range(2):
            answer = browser.get(path) if fields is None else browser.post(path, fields)

        assert answer.status_code == 429, what
        assert 0 < int(answer["Retry-After"]) <= 60, what
        page = soup(answer, 429)
        assert "second" in page.get_text() or "minute" in page.get_text(), what
        assert kept in page.get_text() or not kept, what


# --- Exact ----------------------------------------------------------------------------------------


@pytest.mark.db  # and so with Redis as well, which counts for all processes
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_as_many_are_let_through_as_allowed(ana, ben, settings):
    settings.ACCOUNT_RATE_LIMITS = {"message_send": "5/m/user"}
    conversation = Conversation.objects.between(ana, ben)
    path = reverse("chats:message_send", args=[conversation.pk])
    browsers = [signed_in(ana) for _ in range(12)]
    start, statuses = threading.Barrier(len(browsers)), []

    def send(browser):
        start.wait()
        try:
            fields = {"content": "At once", "client_key": str(uuid4())}
            statuses.append(browser.post(path, fields, headers=HTMX).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 5 + [429] * 7
    assert Message.objects.count() == 5


def test_the_limits_that_a_site_starts_with_are_for_people(ana, ben, monkeypatch):
    """Sixty messages in a minute are somebody's own; more are a program's."""
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)  # however slow this machine is
    me = signed_in(ana)
    path = reverse("chats:message_send", args=[Conversation.objects.between(ana, ben).pk])

    statuses = [me.post(path, {"content": "", "client_key": "x"}).status_code for _ in range(61)]

    assert statuses == [422] * 60 + [429]


# --- Whether somebody has an account here ---------------------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """How many passwords were hashed: what takes the time that would tell an account from none."""
    hashes = []
    for hasher in BasePasswordHasher.__subclasses__():
        if "encode" in vars(hasher):
            original = hasher.encode

            def encode(self, password, salt, original=original, **kwargs):
                hashes.append(type(self).__name__)
                return original(self, password, salt, **kwargs)

            monkeypatch.setattr(hasher, "encode", encode)
    return hashes


def without(page, *texts):
    for token in page.select("[name=csrfmiddlewaretoken]"):
        token.decompose()
    text = str(page)
    for one in texts:
        text = text.replace(one, "")
    return text


@pytest.mark.parametrize("known", ["ana", "ana@example.org", "imported", "switchedoff"])
def test_signing_in_answers_known_and_unknown_accounts_alike_in_time_too(ana, counted, known):
    ana.set_password(PASSWORD)
    ana.save()
    accounts.change_email(user=ana, email="ana@example.org")
    imported = UserFactory(username="imported")
    imported.set_unusable_password()
    imported.save()
    off = UserFactory(username="switchedoff", is_active=False)
    off.set_password(PASSWORD)
    off.save()
    nobody = "nobody@example.org" if "@" in known else "nobody"
    answers, work = [], []
    for login in (known, nobody):
        counted.clear()
        answer = posted("/accounts/login/", {"login": login, "password": "not the right one"})
        answers.append(without(soup(answer, 422), login))
        work.append(list(counted))

    assert answers[0] == answers[1]
    assert work[0] == work[1] != []


def test_asking_for_a_new_password_answers_all_alike_in_time_too(
    ana, settings, counted, mailoutbox
):
    settings.EMAIL_URL = "smtp://mail.example"
    accounts.change_email(user=ana, email="ana@example.org")
    seen, work = [], []
    for address in ("ana@example.org", "nobody@example.org"):
        counted.clear()
        answer = posted("/accounts/password/reset/", {"email": address})
        seen.append((answer.status_code, answer["Location"]))
        work.append((list(counted), len(mailoutbox)))

    assert seen[0] == seen[1]
    # One letter each, which is what takes long.
    assert work == [(work[0][0], 1), (work[0][0], 2)]


def test_an_address_at_sign_up_tells_nothing(ana, counted):
    accounts.change_email(user=ana, email="ana@example.org")
    fields = {"first_name": "New", "password1": PASSWORD, "password2": PASSWORD}
    seen = []
    for username, address in (("one", "ana@example.org"), ("two", "free@example.org")):
        counted.clear()
        answer = posted("/accounts/signup/", fields | {"username": username, "email": address})
        seen.append((answer.status_code, answer["Location"], len(counted)))

    assert seen[0] == seen[1]


# --- Passwords and sessions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["short pass1", "123456789012", "1q2w3e4r5t6y", "qwerty123456", "newcomer1234"],
)
def test_weak_passwords_are_refused(client, password):
    answer = client.post(
        "/accounts/signup/",
        {
            "username": "newcomer",
            "first_name": "New",
            "password1": password,
            "password2": password,
        },
    )

    assert soup(answer, 422).select_one("#id_password1_error, #id_password2_error")
    assert not get_user_model().objects.exists()


def test_passwords_are_kept_by_argon2():
    from messaging_app import settings as real

    assert real.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"


@pytest.mark.parametrize("how", ["change", "reset", "command", "admin", "deletion"])
def test_no_session_outlives_its_password_or_account(ana, how):
    ana.set_password(PASSWORD)
    ana.save()
    first, second = Client(), Client()
    for browser in (first, second):
        browser.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
        assert browser.get("/inbox/").status_code == 200
    new = {"password1": "nine yellow ospreys", "password2": "nine yellow ospreys"}

    if how == "change":
        first.post("/accounts/password/change/", new | {"oldpassword": PASSWORD})
        assert first.get("/inbox/").status_code == 200  # who changed it stays
    elif how == "reset":
        visitor = Client()
        ana.refresh_from_db()  # signing in ended the links from before
        page = visitor.get(urlsplit(accounts.reset_address(ana)).path)
        visitor.post(page["Location"], new)
    elif how == "command":
        ana.set_password("set by a program")
        ana.save()
    elif how == "admin":
        root = signed_in(get_user_model().objects.create_superuser("root"))
        root.post(f"/admin/auth/user/{ana.pk}/password/", new | {"usable_password": "true"})
    else:
        first.post("/account/delete/", {"password": PASSWORD, "sure": "on"})
        assert not Session.objects.exists()

    assert second.get("/inbox/").status_code == 302
    assert second.post("/inbox/read/").status_code == 401


# --- What is written down -------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_logs_and_error_pages_hold_no_text_password_or_cookie(
    ana, ben, conversation, caplog, capfd, monkeypatch, fails, settings
):
    """At debug level, with each way to write and to sign in, also when all of them fail."""
    caplog.set_level(logging.DEBUG)
    settings.ACCOUNT_RATE_LIMITS = False
    ana.set_password(PASSWORD)
    ana.save()
    browser = Client(raise_request_exception=False)
    browser.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    cookie = browser.cookies["sessionid"].value
    message = Message.objects.create(sender=ana, receiver=ben, content="canary stored")

    def fail(*args, **kwargs):
        held = {"content": "canary in a local variable", "args": args}
        raise RuntimeError(len(held))

    if fails:
        for name in ("send_message", "edit_message", "delete_message", "mark_as_read"):
            monkeypatch.setattr(f"messaging.services.{name}", fail)
        monkeypatch.setattr("messaging.managers.MessageQuerySet.visible_to", fail)
        monkeypatch.setattr("accounts.services.delete_account", fail)
        monkeypatch.setattr("accounts.services.change_email", fail)
    bodies = []
    typed = {
        "content": "canary typed",
        "client_key": str(uuid4()),
        "text_version": message.text_version or 0,
    }
    for path, fields in {
        f"/c/{conversation.pk}/send/": typed,
        f"/m/{message.pk}/reply/": typed,
        f"/m/{message.pk}/edit/": typed | {"content": "canary edited"},
        "/new/": typed | {"to": ben.pk},
        "/inbox/read/": typed,
        "/account/": {"section": "email", "email-email": "a@b.example", "email-password": PASSWORD},
        "/accounts/password/change/": {"oldpassword": PASSWORD, "password1": PASSWORD},
        "/account/delete/": {"password": PASSWORD, "sure": "on"},
        "/accounts/signup/": {"username": "x", "password1": PASSWORD, "password2": PASSWORD},
        "/accounts/login/": {"login": "ana", "password": PASSWORD + "!"},
        "/no/such/": typed,
    }.items():
        bodies.append((path, browser.post(path, fields)))
    for path in (f"/m/{message.pk}/", f"/c/{conversation.pk}/", "/search/?q=canary"):
        bodies.append((path, browser.get(path)))

    assert fails == any(answer.status_code == 500 for _path, answer in bodies)
    written = caplog.text + "".join(capfd.readouterr())
    for secret in ("canary", PASSWORD, cookie):
        # The address of a search is what was searched for; it is logged if somebody asks for that.
        assert secret not in written.replace("/search/?q=canary", ""), secret
    for path, answer in bodies:
        assert PASSWORD not in answer.content.decode(), path
        if answer.status_code == 500:
            # What was typed comes back to whoever typed it, and nothing else of what there was.
            for other in ("canary stored", "canary in a local"):
                assert other not in answer.content.decode(), path
