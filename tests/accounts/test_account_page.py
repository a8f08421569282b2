import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts import services
from messaging.models import Mailbox
from tests.accounts.conftest import PASSWORD, preferences_of
from tests.factories import UserFactory
from tests.html import soup

ACCOUNT = "/account/"
READING = {
    "section": "reading",
    "reading-theme": "dark",
    "reading-time_zone": "Europe/Lisbon",
    "reading-single_keys": "on",
}


def version_of(user):
    return Mailbox.objects.get(user=user).version


def test_the_page_shows_what_is_saved(ana_in, ana):
    services.save_preferences(user=ana, theme="light", time_zone="Asia/Tokyo", read_on_sight=False)

    page = soup(ana_in.get(ACCOUNT))

    assert page.select_one("#id_profile-first_name")["value"] == "Ana Lima"
    assert "ana" in page.select_one("section[aria-labelledby=profile-h] p").get_text()
    assert page.select_one("input[name=reading-theme][checked]")["value"] == "light"
    assert page.select_one("#id_reading-time_zone")["value"] == "Asia/Tokyo"
    assert not page.select_one("#id_reading-read_on_sight").has_attr("checked")
    assert page.select_one("#id_reading-single_keys").has_attr("checked")
    assert page.html["data-theme"] == "light"
    assert page.body["data-shortcuts"] == "on"


def test_following_the_system_writes_no_theme(ana_in):
    assert not soup(ana_in.get(ACCOUNT)).html.has_attr("data-theme")


def test_single_keys_can_be_turned_off(ana_in, ana):
    services.save_preferences(user=ana, single_keys=False)

    assert not soup(ana_in.get(ACCOUNT)).body.has_attr("data-shortcuts")


def test_every_field_has_a_name_and_every_id_is_there_once(ana_in):
    page = soup(ana_in.get(ACCOUNT))

    ids = [tag["id"] for tag in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for field in page.select("main input:not([type=hidden])"):
        assert page.select_one(f"label[for='{field['id']}']").get_text(strip=True)


def test_a_name_is_saved_and_pages_with_the_old_one_go(ana_in, ana, ben, message):
    before = message.conversation
    before.refresh_from_db()

    answer = ana_in.post(ACCOUNT, {"section": "profile", "profile-first_name": " Ana  Lima-Roth"})

    assert answer["Location"] == ACCOUNT
    ana.refresh_from_db()
    assert ana.first_name == "Ana Lima-Roth"
    after = type(before).objects.get(pk=before.pk)
    assert after.version > before.version
    assert "saved" in soup(ana_in.get(ACCOUNT)).select_one("#toasts").get_text()


@pytest.mark.parametrize("typed", ["", "Ana\u202e", "a" * 81])
def test_a_bad_name_comes_back(ana_in, ana, typed):
    page = soup(
        ana_in.post(ACCOUNT, {"section": "profile", "profile-first_name": typed}), status=422
    )

    assert page.title.get_text().startswith("Error:")
    assert page.select_one("#id_profile-first_name").get("value", "") == typed
    assert page.select_one(".note-i a[href='#id_profile-first_name']")
    ana.refresh_from_db()
    assert ana.first_name == "Ana Lima"


def test_preferences_are_saved_and_cached_pages_go(ana_in, ana):
    before = version_of(ana)

    assert ana_in.post(ACCOUNT, READING)["Location"] == ACCOUNT

    saved = preferences_of(ana)
    assert (saved.theme, saved.time_zone) == ("dark", "Europe/Lisbon")
    assert (saved.read_on_sight, saved.single_keys) == (False, True)
    assert version_of(ana) > before
    assert soup(ana_in.get(ACCOUNT)).html["data-theme"] == "dark"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("lisbon", "Europe/Lisbon"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_city_is_enough_for_a_time_zone(ana_in, ana, typed, kept):
    ana_in.post(ACCOUNT, READING | {"reading-time_zone": typed})

    assert preferences_of(ana).time_zone == kept


@pytest.mark.parametrize(
    ("field", "typed"),
    [("time_zone", "Middle/Earth"), ("time_zone", "../../etc/passwd"), ("theme", "pink")],
)
def test_bad_preferences_come_back(ana_in, ana, field, typed):
    page = soup(ana_in.post(ACCOUNT, READING | {f"reading-{field}": typed}), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.find(id=f"id_reading-{field}_error")
    assert page.find(id=page.select_one(".note-i a")["href"].removeprefix("#"))
    assert preferences_of(ana).theme == ""


def email(address, password=PASSWORD):
    return {"section": "email", "email-email": address, "email-password": password}


def test_an_address_is_saved_with_the_password(ana_in, ana):
    assert ana_in.post(ACCOUNT, email("Ana@Example.org"))["Location"] == ACCOUNT

    ana.refresh_from_db()
    assert ana.email == "ana@example.org"
    assert list(EmailAddress.objects.values_list("email", "primary")) == [("ana@example.org", True)]


def test_a_new_address_replaces_the_old_and_an_empty_one_removes_it(ana_in, ana):
    ana_in.post(ACCOUNT, email("one@example.org"))
    ana_in.post(ACCOUNT, email("two@example.org"))
    assert [a.email for a in EmailAddress.objects.all()] == ["two@example.org"]

    ana_in.post(ACCOUNT, email(""))
    ana.refresh_from_db()
    assert ana.email == ""
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    ("address", "password", "field"),
    [
        ("ana@example.org", "wrong", "password"),
        ("ana@example.org", "", "password"),
        ("ana at example", PASSWORD, "email"),
    ],
)
def test_an_address_is_not_saved_otherwise(ana_in, ana, address, password, field):
    page = soup(ana_in.post(ACCOUNT, email(address, password)), status=422)

    assert page.find(id=f"id_email-{field}_error")
    assert page.select_one("#id_email-email")["value"] == address
    ana.refresh_from_db()
    assert ana.email == ""


def test_guessing_the_password_for_an_address_is_limited(ana_in):
    for _ in range(10):
        soup(ana_in.post(ACCOUNT, email("a@example.org", "wrong")), status=422)

    answer = ana_in.post(ACCOUNT, email("a@example.org"))

    assert "Wait" in soup(answer, status=429).get_text()
    assert int(answer["Retry-After"]) > 0


def test_signing_out_everywhere_else(ana_in, ana, ben, sign_in):
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    bens = sign_in(ben)
    section = soup(ana_in.get(ACCOUNT)).select_one("section[aria-labelledby=sign-in-h]")
    assert "1 other place:" in section.get_text()

    answer = ana_in.post("/account/sessions/end/")

    assert answer["Location"] == ACCOUNT
    assert elsewhere.get(ACCOUNT).status_code == 302
    assert bens.get(ACCOUNT).status_code == 200
    page = soup(ana_in.get(ACCOUNT))
    assert "signed in only here" in page.get_text()
    assert not page.select_one("form[action='/account/sessions/end/']")
    assert "1 other place." in page.select_one("#toasts").get_text()


@pytest.mark.parametrize("section", [None, "other"])
def test_what_is_not_understood_changes_nothing(ana_in, section):
    assert ana_in.post(ACCOUNT, {"section": section} if section else {}).status_code == 400


@pytest.mark.parametrize("name", ["accounts:account", "accounts:delete_user"])
def test_others_are_sent_to_sign_in(client, db, name):
    for answer in (client.get(reverse(name)), client.post(reverse(name))):
        assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("path", ["/account/sessions/end/"])
def test_nothing_ends_by_following_a_link(ana_in, path):
    assert ana_in.get(path).status_code == 405


def test_a_person_without_a_mailbox_gets_one(ana_in, ana):
    Mailbox.objects.filter(user=ana).delete()

    soup(ana_in.get(ACCOUNT))
    assert ana_in.post(ACCOUNT, READING).status_code == 302
    assert version_of(ana) > 0
    assert preferences_of(ana).theme == "dark"


def test_one_sees_and_changes_only_what_is_ones_own(ana_in, ana, ben):
    UserFactory(first_name="Someone Else")
    ana_in.post(ACCOUNT, {"section": "profile", "profile-first_name": "New", "user": ben.pk})

    ben.refresh_from_db()
    assert ben.first_name == "Ben Ode"
