"""The inbox of somebody who has no conversation yet."""

import pytest
from django.contrib.auth import get_user_model

from messaging.people import MOST_LISTED
from tests.chats.addresses import url_of
from tests.factories import MessageFactory, UserFactory
from tests.html import soup


def welcome_of(client):
    return soup(client.get(url_of("inbox"))).select_one("#unread")


def test_whoever_is_here_stands_in_the_first_inbox_with_the_way_to_write(as_ana, ben):
    UserFactory(username="closed", is_active=False)

    page = welcome_of(as_ana)

    assert page.h2.text == "Welcome, Ana"
    assert [row["href"] for row in page.select(".row-c")] == ["/new/?to=ben"]
    assert "@ben" in page.select_one(".row-c").text
    assert page.select_one(".empty a")["href"] == url_of("message_new")
    assert not page.select("input")


def test_where_people_are_not_listed_the_first_inbox_names_nobody(as_ana, ben, settings):
    settings.LIST_PEOPLE = False
    assert not welcome_of(as_ana).select(".row-c")
    assert welcome_of(as_ana).select_one(".empty a")

    settings.LIST_PEOPLE = True
    UserFactory.create_batch(MOST_LISTED)
    assert not welcome_of(as_ana).select(".row-c")
    assert welcome_of(as_ana).select_one(".empty a")


def test_whoever_has_a_conversation_is_not_welcomed(as_ana, ana, ben):
    MessageFactory(sender=ana, receiver=ben)

    assert welcome_of(as_ana).h2.text == "Nothing unread"


def test_nobody_else_is_here_and_everybody_may_sign_up(as_ana, settings):
    settings.SIGNUP = "open"

    link = welcome_of(as_ana).select_one("input[readonly]")["value"]

    assert link == f"{settings.SITE_URL}/accounts/signup/"


def test_nobody_else_is_here_and_an_administrator_may_invite(as_ana, ana, client, settings):
    settings.SIGNUP = "invite"
    assert not welcome_of(as_ana).select("button, input, .empty a")
    get_user_model().objects.filter(pk=ana.pk).update(is_superuser=True)

    page = soup(as_ana.get(url_of("inbox")))
    button = page.select_one("#unread button")
    form = page.find("form", id=button["form"])
    assert (form["method"], bool(form.select("[name=csrfmiddlewaretoken]"))) == ("post", True)
    made = soup(as_ana.post(button["formaction"]))

    link = made.select_one("input[readonly]")["value"]
    as_ana.logout()
    assert link.startswith(f"{settings.SITE_URL}/accounts/join/")
    assert soup(client.get(link.removeprefix(settings.SITE_URL))).select_one("[name=username]")


def test_nobody_else_is_here_and_nobody_may_come_in(as_ana, ana, settings):
    settings.SIGNUP = "closed"
    get_user_model().objects.filter(pk=ana.pk).update(is_superuser=True)

    assert not welcome_of(as_ana).select("button, input, .empty a")


@pytest.mark.parametrize(("administrator", "mode"), [(False, "invite"), (True, "closed")])
def test_not_everybody_may_invite(as_ana, ana, settings, administrator, mode):
    settings.SIGNUP = mode
    get_user_model().objects.filter(pk=ana.pk).update(is_superuser=administrator)

    assert as_ana.post("/account/invite/").status_code == 404
    assert as_ana.get("/account/invite/").status_code == 405
