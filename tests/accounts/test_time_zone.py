"""The time zone of a reader: the one chosen, else the browser's, else the server's."""

import pytest
from django.contrib.auth import get_user_model

from accounts.models import Preferences
from tests.accounts.conftest import PASSWORD
from tests.factories import MessageFactory
from tests.html import soup


def time_shown(client, message):
    page = soup(client.get(f"/c/{message.conversation_id}/"))
    return page.select_one(f"#m-{message.pk} time").text.strip()


@pytest.fixture
def message(ana, ben):
    return MessageFactory(sender=ben, receiver=ana, timestamp="2026-03-02T12:00Z")


def test_the_browsers_zone_is_taken_where_none_is_chosen(as_ana, message):
    assert "12:00" in time_shown(as_ana, message)

    as_ana.cookies["time_zone"] = "Asia/Tokyo"
    assert "21:00" in time_shown(as_ana, message)

    as_ana.cookies["time_zone"] = "America/Lima"  # nothing of the other zone is cached
    assert "07:00" in time_shown(as_ana, message)


def test_a_chosen_zone_goes_before_the_browsers(as_ana, ana, message):
    Preferences.objects.create(user=ana, time_zone="Asia/Tokyo")
    as_ana.cookies["time_zone"] = "America/Lima"

    assert "21:00" in time_shown(as_ana, message)


@pytest.mark.parametrize("told", ["Mars/Base", "../../etc/passwd", "x" * 3000, "asia/tokyo", "é"])
def test_a_zone_that_is_none_changes_nothing(as_ana, message, told):
    as_ana.cookies["time_zone"] = told

    assert "12:00" in time_shown(as_ana, message)


def test_one_readers_zone_is_not_shown_to_the_other(as_ana, ben, message, client):
    as_ana.cookies["time_zone"] = "Asia/Tokyo"
    assert "21:00" in time_shown(as_ana, message)

    del client.cookies["time_zone"]
    client.force_login(ben)

    assert "12:00" in time_shown(client, message)


def signed_up(client, **more):
    names = {"first_name": "Mira", "username": "mira"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", names | passwords | more)


def test_a_zone_is_offered_at_the_sign_up_and_kept(client, db):
    page = soup(client.get("/accounts/signup/"))
    offered = [option["value"] for option in page.select("select[name=time_zone] option")]
    assert offered[0] == ""
    assert "Europe/Lisbon" in offered

    assert signed_up(client, time_zone="Europe/Lisbon").status_code == 302

    assert get_user_model().objects.get().preferences.time_zone == "Europe/Lisbon"


def test_no_zone_or_one_that_is_none_at_the_sign_up(client, db):
    assert signed_up(client, time_zone="Mars/Base").status_code == 422
    assert signed_up(client, time_zone="").status_code == 302

    assert not Preferences.objects.exists()


def test_the_script_that_tells_the_zone_is_loaded_where_none_is_chosen(as_ana, ana):
    assert b"js/time_zone.js" in as_ana.get("/inbox/").content

    Preferences.objects.create(user=ana, time_zone="Asia/Tokyo")

    assert b"js/time_zone.js" not in as_ana.get("/inbox/").content
