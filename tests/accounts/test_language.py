"""The language of pages: the one that was chosen, or the one the browser asks for."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from chats.message_view_model import Clock
from tests.accounts.conftest import preferences_of
from tests.factories import MessageFactory
from tests.html import soup

pytestmark = pytest.mark.django_db

ARABIC = {"Accept-Language": "ar,en;q=0.5"}
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def choose(ana, client):
    """Saves a language for ana, who is signed in: the answer."""
    client.force_login(ana)

    def choose(language, **headers):
        fields = {
            "section": "reading",
            "reading-theme": "",
            "reading-language": language,
            "reading-time_zone": "",
        }
        return client.post("/account/", fields, headers=headers)

    return choose


@pytest.mark.parametrize(
    ("headers", "code", "direction", "heading", "styles"),
    [
        ({}, "en", "ltr", "Sign in", "bootstrap.min.css"),
        ({"Accept-Language": "fr"}, "en", "ltr", "Sign in", "bootstrap.min.css"),
        (GERMAN, "de", "ltr", "Anmelden", "bootstrap.min.css"),
        (ARABIC, "ar", "rtl", "تسجيل الدخول", "bootstrap.rtl.min.css"),
    ],
)
def test_outside_the_browser_says_which_language(client, headers, code, direction, heading, styles):
    response = client.get("/accounts/login/", headers=headers)
    page = soup(response)

    assert page.html["lang"] == code
    assert page.html["dir"] == direction
    assert page.h1.get_text() == heading
    assert page.select(f'link[href$="{styles}"]')
    assert response["Content-Language"] == code
    assert "Accept-Language" in response["Vary"]


def test_what_was_chosen_wins_over_the_browser(client, ana, choose):
    choose("ar")

    response = client.get("/inbox/", headers=GERMAN)

    page = soup(response)
    assert page.html["lang"] == "ar"
    assert page.html["dir"] == "rtl"
    assert response["Content-Language"] == "ar"
    # What is not there is said so in the same language.
    assert soup(client.get("/c/0/", headers=GERMAN), status=404).html["lang"] == "ar"


def test_nothing_chosen_follows_the_browser(client, choose):
    choose("ar")
    choose("")

    assert soup(client.get("/inbox/", headers=GERMAN)).html["lang"] == "de"


def test_that_it_was_saved_is_said_in_the_new_language(client, choose):
    choose("de", **ARABIC)

    page = soup(client.get("/account/", headers=ARABIC))

    assert "Deine Einstellungen sind gespeichert." in page.select_one("#toasts").get_text()
    chosen = page.select_one("select[name=reading-language] [selected]")
    assert (chosen.get_text(), chosen["lang"], chosen["dir"]) == ("Deutsch", "de", "ltr")


def test_a_language_that_is_not_offered_is_refused(client, choose, ana):
    page = soup(choose("tlh"), status=422)

    assert "Choose a language from the list." in page.get_text()
    assert preferences_of(ana).language == ""


def test_a_language_that_is_not_offered_any_more_is_no_error(client, ana, choose, settings):
    choose("ar")
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]

    assert soup(client.get("/inbox/", headers=GERMAN)).html["lang"] == "de"


def test_a_cached_list_is_in_the_readers_language(client, ana, choose):
    message = MessageFactory(receiver=ana)
    address = f"/c/{message.conversation_id}/"

    def tags():
        return [line.get_text(strip=True) for line in soup(client.get(address)).select(".new-line")]

    assert tags() == ["New"]
    choose("de")
    assert tags() == ["Neu"]
    choose("ar")
    assert tags() == ["جديدة"]
    choose("")
    assert tags() == ["New"]


@pytest.mark.parametrize(
    ("language", "short", "in_full"),
    [
        ("en", "3 Mar 2024, 14:58", "Sunday 3 March 2024, 14:58"),
        ("de", "3. Mär 2024, 14:58", "Sonntag, 3. März 2024, 14:58"),
        ("ar", "3 مارس 2024، 14:58", "الأحد 3 مارس 2024، 14:58"),
    ],
)
def test_times_are_written_as_the_language_does(language, short, in_full):
    with translation.override(language):
        clock = Clock()
        _day, written, full = clock.on_message(
            datetime(2024, 3, 3, 14, 58, tzinfo=UTC), clock.today
        )

    assert (written, full) == (short, in_full)
