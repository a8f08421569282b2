import re
import smtplib
from io import StringIO

import pytest
from allauth.core.context import request_context
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from accounts import services
from accounts.adapter import AccountAdapter
from tests.accounts.conftest import PASSWORD
from tests.factories import UserFactory
from tests.html import soup

User = get_user_model()

RESET = "/accounts/password/reset/"
CHANGE = "/accounts/password/change/"
NEW = "forty blue kingfishers"
NEW_TWICE = {"password1": NEW, "password2": NEW}


def path_of(address, settings):
    assert address.startswith(settings.SITE_URL)
    return address.removeprefix(settings.SITE_URL)


def change(client, **changed):
    return client.post(CHANGE, {"oldpassword": PASSWORD, **NEW_TWICE} | changed)


# Changing --------------------------------------------------------------------------------------


def test_a_new_password_keeps_this_session_and_ends_the_others(ana_in, ana, sign_in):
    other = sign_in(ana)
    # Signing in set the password again, and with it ended the session of `ana_in`.
    ana_in = sign_in(ana, ana_in)
    ana.refresh_from_db()
    other = Client()
    other.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    assert other.get("/account/").status_code == 200
    soup(ana_in.get(CHANGE))

    assert change(ana_in)["Location"] == "/account/"

    ana.refresh_from_db()
    assert ana.check_password(NEW)
    # Before the other browser comes again: the row is gone, and not only of no use.
    assert Session.objects.count() == 1
    assert services.other_sessions(ana, ana_in.session.session_key) == 0
    assert ana_in.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("field", "typed"),
    [("oldpassword", "wrong"), ("password1", "short"), ("password2", "something else")],
)
def test_a_bad_change_changes_nothing(ana_in, ana, field, typed):
    page = soup(change(ana_in, **{field: typed}), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.select_one(f"#id_{field}")["aria-invalid"] == "true"
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)


def test_a_stranger_changes_no_password(client, db):
    assert change(client)["Location"].startswith("/accounts/login/")


def test_changing_often_names_the_wait(ana_in):
    for _ in range(5):
        soup(change(ana_in, oldpassword="wrong"), status=422)

    answer = change(ana_in, oldpassword="wrong")

    assert "Wait" in soup(answer, status=429).get_text()
    assert 0 < int(answer["Retry-After"]) <= 60


# Resetting by mail -----------------------------------------------------------------------------


def test_without_a_mail_server_the_page_says_whom_to_ask(client, ana, mailoutbox, settings):
    ana.email = "ana@example.org"
    ana.save()

    page = soup(client.get(RESET))
    assert f"administrator of {settings.SITE_NAME}" in page.get_text()
    assert not page.select("form")

    soup(client.post(RESET, {"email": "ana@example.org"}))
    assert mailoutbox == []


def test_no_mail_is_attempted_without_a_mail_server(client, db, settings, monkeypatch):
    def attempted(*args, **kwargs):
        raise AssertionError("a mail was attempted")

    monkeypatch.setattr(EmailMessage, "send", attempted)
    sent = {"first_name": "Mira", "username": "mira", "email": "mira@example.org"}
    answer = client.post("/accounts/signup/", sent | {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    client.post(CHANGE, {"oldpassword": PASSWORD, **NEW_TWICE})
    client.logout()
    client.post(RESET, {"email": "mira@example.org"})

    # The premise: with a server, one would be.
    settings.EMAIL_URL = "smtp://mail.example"
    with pytest.raises(AssertionError, match="attempted"):
        client.post(RESET, {"email": "mira@example.org"})


def test_the_adapter_itself_sends_nothing_without_a_mail_server(mailoutbox, settings):
    adapter = AccountAdapter()

    adapter.send_mail("account/email/unknown_account", "ana@example.org", {})
    assert mailoutbox == []

    settings.EMAIL_URL = "smtp://mail.example"
    with request_context(RequestFactory().get("/")):
        adapter.send_mail("account/email/unknown_account", "ana@example.org", {})
    assert len(mailoutbox) == 1


def test_a_mail_brings_a_link_that_works_once(client, ana, mail_server, mailoutbox, settings):
    ana.email = "ana@example.org"
    ana.save()

    answer = client.post(RESET, {"email": "Ana@Example.org"})

    assert answer["Location"] == f"{RESET}done/"
    soup(client.get(answer["Location"]))
    (mail,) = mailoutbox
    assert mail.to == ["ana@example.org"]
    assert mail.subject == f"[{settings.SITE_NAME}] Choose a new password"
    address = re.search(r"^http\S+$", mail.body, re.M)[0]
    assert "ana" in mail.body

    follow(client, address, settings)

    ana.refresh_from_db()
    assert ana.check_password(NEW)
    assert client.session["_auth_user_id"] == str(ana.pk)
    gone(Client(), address, settings)


def follow(client, address, settings):
    """Choose a new password behind the link."""
    shown = client.get(path_of(address, settings))
    assert shown.status_code == 302, shown.content  # the key leaves the address bar
    soup(client.get(shown["Location"]))
    soup(client.post(shown["Location"], {"password1": NEW, "password2": "other"}), status=422)
    answer = client.post(shown["Location"], NEW_TWICE)
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")


def gone(client, address, settings):
    page = soup(client.get(path_of(address, settings)))
    assert "does not work any more" in page.h1.get_text()
    assert not page.select("form")


def test_the_host_of_a_request_is_not_in_the_link(client, ana, mail_server, mailoutbox, settings):
    ana.email = "ana@example.org"
    ana.save()
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://parley.example"

    client.post(RESET, {"email": "ana@example.org"}, headers={"Host": "evil.example"})

    assert "https://parley.example/accounts/password/reset/key/" in mailoutbox[0].body
    assert "evil" not in mailoutbox[0].body


def test_known_and_unknown_addresses_get_the_same_answer(client, ana, mail_server, mailoutbox):
    ana.email = "ana@example.org"
    ana.save()

    answers = [
        client.post(RESET, {"email": f"{name}@example.org"}, follow=True)
        for name in ("ana", "nobody")
    ]

    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert soup(answers[0]).get_text() == soup(answers[1]).get_text()
    # Both get a mail, so that not even the time it takes tells which is known.
    assert [mail.to for mail in mailoutbox] == [["ana@example.org"], ["nobody@example.org"]]
    assert "/key/" not in mailoutbox[1].body


@pytest.mark.parametrize("address", ["ana@example.org", "nobody@example.org"])
def test_a_mail_server_that_refuses_gets_a_page_and_not_a_failure(
    client, ana, broken_mail_server, address, caplog
):
    ana.email = "ana@example.org"
    ana.save()

    page = soup(client.post(RESET, {"email": address}), status=503)

    assert page.title.get_text().startswith("Error:")
    assert "could not be sent" in page.select_one("[role=alert]").get_text()
    assert page.select_one("#id_email")["value"] == address
    assert "did not take a mail" in caplog.text


class _Failing(BaseEmailBackend):
    error: Exception

    def send_messages(self, messages):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected(),
        smtplib.SMTPRecipientsRefused({}),
        TimeoutError(),
        ValueError("an address that cannot be written"),
    ],
)
def test_no_failure_of_the_mail_server_is_a_failure_of_ours(client, db, settings, error):
    settings.EMAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = f"{__name__}._Failing"
    _Failing.error = error

    soup(client.post(RESET, {"email": "ana@example.org"}), status=503)


def test_bad_addresses_come_back(client, db, mail_server, mailoutbox):
    page = soup(client.post(RESET, {"email": "ana at example"}), status=422)

    assert page.select_one("#id_email")["value"] == "ana at example"
    assert mailoutbox == []


def test_asking_often_names_the_wait(client, db, mail_server):
    for _ in range(5):
        client.post(RESET, {"email": "ana@example.org"})

    answer = client.post(RESET, {"email": "ana@example.org"})

    soup(answer, status=429)
    assert 0 < int(answer["Retry-After"]) <= 60


# Links from the administrator ------------------------------------------------------------------


def reset_link(name):
    out = StringIO()
    call_command("reset_link", name, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


@pytest.mark.parametrize("imported", [False, True])
def test_a_link_from_the_command_lets_people_in_once(client, ana, settings, imported):
    if imported:
        ana.set_unusable_password()
    else:
        ana.set_password(PASSWORD)
    ana.save()
    address = reset_link("ana")

    follow(client, address, settings)

    ana.refresh_from_db()
    assert ana.check_password(NEW)
    gone(Client(), address, settings)


def test_a_new_password_ends_every_session(client, ana_in, ana, settings):
    address = reset_link("ana")
    browser = Client()

    follow(browser, address, settings)

    assert [row.session_key for row in Session.objects.all()] == [browser.session.session_key]
    assert ana_in.get("/account/").status_code == 302
    assert browser.get("/account/").status_code == 200


def test_a_link_is_for_one_person(client, ana, ben, settings):
    ours, theirs = reset_link("ana"), reset_link("ben")
    key = ours.rstrip("/").partition("/key/")[2].partition("-")[2]
    forged = (
        theirs.partition("/key/")[0]
        + f"/key/{theirs.partition('/key/')[2].partition('-')[0]}-{key}/"
    )

    gone(client, forged, settings)


def test_the_command_says_who_is_not_there(db):
    with pytest.raises(CommandError, match="nobody"):
        reset_link("nobody")


def test_the_command_says_whose_account_is_off(db):
    UserFactory(username="ana", is_active=False)

    with pytest.raises(CommandError, match="switched off"):
        reset_link("ana")


def test_the_invite_command_prints_a_link(client, db, settings):
    settings.SIGNUP = "invite"
    out = StringIO()
    call_command("invite", "--days", "2", stdout=out, stderr=StringIO())

    assert soup(client.get(path_of(out.getvalue().strip(), settings))).select_one("#id_username")


@pytest.mark.parametrize(("mode", "days"), [("closed", "7"), ("invite", "0")])
def test_the_invite_command_refuses_what_would_not_work(db, settings, mode, days):
    settings.SIGNUP = mode

    with pytest.raises(CommandError):
        call_command("invite", "--days", days)
