import os
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError

from accounts import services
from accounts.adapter import AccountAdapter
from accounts.models import Invitation
from messaging.models import Mailbox
from tests.accounts.conftest import PASSWORD
from tests.factories import UserFactory
from tests.html import soup

User = get_user_model()

SIGNUP = "/accounts/signup/"


def filled(**changed):
    return {
        "first_name": "Mira Solheim",
        "username": "mira",
        "email": "",
        "password1": PASSWORD,
        "password2": PASSWORD,
    } | changed


def test_somebody_signs_up_and_is_in(client, db, mailoutbox):
    soup(client.get(SIGNUP))

    answer = client.post(SIGNUP, filled(email="Mira@Example.org"))

    mira = User.objects.get(username="mira")
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")
    assert client.session["_auth_user_id"] == str(mira.pk)
    assert (mira.first_name, mira.email) == ("Mira Solheim", "mira@example.org")
    assert mira.check_password(PASSWORD)
    assert not mira.is_staff
    assert Mailbox.objects.filter(user=mira).exists()
    assert mailoutbox == []


def test_no_address_is_needed(client, db):
    assert client.post(SIGNUP, filled()).status_code == 302
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("first_name", ""),
        ("first_name", "Mira\u202e"),
        ("first_name", "Mir\u0430"),
        ("username", "mir\u0430"),
        ("first_name", "m" * 81),
        ("username", ""),
        ("username", "mira solheim"),
        ("username", "mira@example.org"),
        ("email", "mira at example"),
        ("password1", "short"),
        ("password1", "123456789012345"),
        ("password1", "mira-mira-mira"),
        ("password2", "something else"),
    ],
)
def test_bad_input_comes_back_with_what_was_typed(client, db, field, typed):
    sent = filled(username="mira-mira") | {field: typed}
    if field == "password1":
        sent["password2"] = typed
    page = soup(client.post(SIGNUP, sent), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.select_one(f"#id_{field}")["aria-invalid"] == "true"
    assert page.find(id=f"id_{field}_error").get_text(strip=True)
    for name in ("first_name", "username", "email"):
        assert page.select_one(f"#id_{name}").get("value", "") == sent[name]
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("existing", "typed"), [("mira", "mira"), ("mira", "Mira"), ("élan", "ÉLAN"), ("mira", "ｍira")]
)
def test_a_user_name_belongs_to_one(client, db, existing, typed):
    UserFactory(username=existing)

    page = soup(client.post(SIGNUP, filled(username=typed)), status=422)

    assert "taken" in page.find(id="id_username_error").get_text()


def test_the_name_of_an_imported_person_is_taken_and_says_what_to_do(client, db):
    imported = UserFactory(username="mira")
    imported.set_unusable_password()
    imported.save()

    page = soup(client.post(SIGNUP, filled()), status=422)

    assert "ask the administrator" in page.find(id="id_username_error").get_text()


def test_two_who_take_one_name_at_once_get_an_error_and_not_a_failure(client, db, monkeypatch):
    UserFactory(username="mira")
    # As if the other had not been there yet when the name was checked.
    monkeypatch.setattr(AccountAdapter, "clean_username", lambda self, name, shallow=False: name)

    page = soup(client.post(SIGNUP, filled()), status=422)

    assert "taken" in page.find(id="id_username_error").get_text()
    assert User.objects.count() == 1


def test_an_address_that_another_account_has_is_not_told(client, db):
    UserFactory(email="mira@example.org")

    assert client.post(SIGNUP, filled(email="mira@example.org")).status_code == 302


# Who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_nobody_signs_up_where_sign_up_is_not_open(client, db, settings, mode):
    settings.SIGNUP = mode

    assert "administrator" in soup(client.get(SIGNUP), status=403).get_text()
    soup(client.post(SIGNUP, filled()), status=403)

    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("mode", "offered"), [("open", True), ("invite", False), ("closed", False)]
)
def test_the_sign_in_page_offers_what_there_is(client, db, settings, mode, offered):
    settings.SIGNUP = mode

    page = soup(client.get("/accounts/login/"))

    assert bool(page.select_one(f"a[href='{SIGNUP}']")) is offered


@pytest.mark.parametrize("mode", ["open", "invite"])
def test_an_invitation_lets_one_person_in_once(client, db, settings, mode):
    settings.SIGNUP = mode
    invitation, address = services.invite()
    path = address.removeprefix(settings.SITE_URL)
    soup(client.get(path))

    assert client.post(path, filled()).status_code == 302

    invitation.refresh_from_db()
    assert invitation.used_by == User.objects.get(username="mira")
    client.logout()
    soup(client.get(path), status=404)
    soup(client.post(path, filled(username="second")), status=404)
    assert User.objects.count() == 1


def test_a_mistake_does_not_use_up_the_invitation(client, db, settings):
    settings.SIGNUP = "invite"
    _invitation, address = services.invite()
    path = address.removeprefix(settings.SITE_URL)

    page = soup(client.post(path, filled(password2="else")), status=422)

    assert page.select_one("#id_username")["value"] == "mira"
    assert client.post(path, filled()).status_code == 302


def test_a_name_taken_at_the_last_moment_does_not_use_up_the_invitation(
    client, db, settings, monkeypatch
):
    settings.SIGNUP = "invite"
    UserFactory(username="mira")
    monkeypatch.setattr(AccountAdapter, "clean_username", lambda self, name, shallow=False: name)
    invitation, address = services.invite()
    path = address.removeprefix(settings.SITE_URL)

    soup(client.post(path, filled()), status=422)

    invitation.refresh_from_db()
    assert invitation.used_at is None


def test_of_two_people_with_one_invitation_one_gets_in(db):
    _invitation, address = services.invite()
    token = address.rstrip("/").rpartition("/")[2]

    # Both have the form open: the look at the page is over for both.
    services.use_invitation(token)
    with pytest.raises(services.LinkClosed):
        services.use_invitation(token)


@pytest.mark.parametrize("days", [0, -1])
def test_an_old_invitation_lets_nobody_in(client, db, settings, days):
    settings.SIGNUP = "invite"
    _invitation, address = services.invite(days=days)

    soup(client.get(address.removeprefix(settings.SITE_URL)), status=404)


def test_a_withdrawn_invitation_lets_nobody_in(client, db, settings):
    settings.SIGNUP = "invite"
    _invitation, address = services.invite()
    assert services.withdraw_invitations(Invitation.objects.all()) == 1

    soup(client.get(address.removeprefix(settings.SITE_URL)), status=404)


def test_closed_means_closed_for_the_invited_too(client, db, settings):
    _invitation, address = services.invite()
    settings.SIGNUP = "closed"

    soup(client.post(address.removeprefix(settings.SITE_URL), filled()), status=403)

    assert not User.objects.exists()


def test_the_table_of_invitations_holds_no_token(db):
    invitation, address = services.invite()

    assert invitation.token_hash not in address
    assert address.rstrip("/").rpartition("/")[2] not in str(Invitation.objects.values().get())


def test_a_wrong_mode_stops_the_start(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "messaging_app.settings",
        "DATA_DIR": str(tmp_path),
        "SIGNUP": "opne",
    }
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=django_settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert run.returncode != 0
    assert "SIGNUP must be open, invite or closed" in run.stderr


def test_the_database_is_asked_and_not_only_the_form(db):
    UserFactory(username="mira")
    with pytest.raises(IntegrityError):
        UserFactory(username="mira")
