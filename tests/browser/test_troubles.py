"""What can go wrong, from the beginning to the end: nothing typed is lost, and all of it can be sent.

That each interaction bears each trouble is in `test_table.py`.
"""

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from messaging import services
from messaging.models import Message
from scripts.installed_programs import chromium
from tests.browser.conftest import ARGUMENTS, PASSWORD, installed
from tests.browser.pages import (
    article,
    assert_toast,
    composer,
    open_conversation,
    open_edit,
    open_reply,
    saying,
    send,
)
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.browser

# How the browser and htmx note it.
LOST = ("net::ERR_FAILED", "htmx:sendError", "htmx:afterRequest")

TEXT = "Half an hour of careful writing"


@pytest.fixture
def message(ana, ben):
    """A message from ana to ben, who has not read it."""
    return MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")


@pytest.fixture
def page(as_ben, message, conversation):
    """Ben's browser, on his conversation with ana."""
    open_conversation(as_ben, conversation)
    return as_ben


def sent():
    return Message.objects.filter(content=TEXT).count()


@pytest.fixture(autouse=True)
def _nothing_of_it_yet(_in_the_servers_database):
    Message.objects.filter(content=TEXT).delete()


# A session or a page that is too old ------------------------------------------------------------


@pytest.mark.parametrize("where", ["the composer", "a reply", "an edit"])
def test_an_ended_session_keeps_the_text(page, watch, ben, ana, message, where):
    watch.expect_status(401)
    if where == "an edit":
        message = MessageFactory(sender=ben, receiver=ana, content="Mine")
        page.reload()
    opening = {"the composer": lambda page, message: composer(page), "a reply": open_reply}
    box = opening.get(where, open_edit)(page, message)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    box.fill(TEXT)
    box.press("Control+Enter")

    toast = assert_toast(page, "You were signed out.")
    expect(box).to_have_value(TEXT)
    expect(box).to_be_focused()
    assert sent() == 0

    # In a new tab, as the toast says; back in this one, the same button works. What the page
    # knows of the old session is told to be too old first.
    watch.expect_status(403)
    with page.expect_popup() as opened:
        toast.get_by_role("link", name="Sign in").click()
    sign_in_by_page(opened.value, ben)
    page.bring_to_front()
    toast.get_by_role("button", name="Dismiss").click()
    box.press("Control+Enter")
    expect(page.locator("#toasts [role=alert]")).to_contain_text("Try again.")
    expect(box).to_have_value(TEXT)
    box.press("Control+Enter")
    expect(saying(page, TEXT)).to_be_visible()
    assert sent() == 1


def sign_in_by_page(page, user):
    page.goto("/accounts/login/")
    page.get_by_label("Username or e-mail address").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title(re.compile("Inbox · Parley$"))


def test_a_page_from_before_another_session_gets_a_new_token(page, watch):
    watch.expect_status(403)
    page.context.clear_cookies(name=settings.CSRF_COOKIE_NAME)

    send(page, TEXT)

    assert_toast(page, "This page had become too old. Try again.")
    expect(composer(page)).to_have_value(TEXT)
    page.locator("#composer").get_by_role("button", name="Send").click()
    expect(saying(page, TEXT)).to_be_visible()
    assert sent() == 1


def test_without_scripts_an_ended_session_gives_the_text_back(sign_in, ben, message, watch):
    watch.expect_status(401)
    watch.expect_status(403)
    page = sign_in(ben, java_script_enabled=False)
    open_conversation(page, message.conversation)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

    send(page, TEXT)

    expect(page.get_by_role("heading", name="You were signed out")).to_be_visible()
    expect(page.get_by_label("Your text")).to_have_value(TEXT)
    other = page.context.new_page()
    sign_in_by_page(other, ben)
    for _ in range(2):  # the token is of the old session: once more
        page.get_by_role("button", name="Send again").click()
    expect(saying(page, TEXT)).to_be_visible()
    assert sent() == 1


# Nobody there -----------------------------------------------------------------------------------


def test_an_answer_that_was_lost_is_not_a_second_message(page, watch):
    watch.expect(*LOST)

    def lose(route):
        route.fetch()  # it reaches the server
        route.abort("failed")

    page.route("**/send/", lose, times=1)
    send(page, TEXT)
    toast = assert_toast(page, "Your text is still here.")
    assert sent() == 1

    toast.get_by_role("button", name="Try again").click()

    expect(saying(page, TEXT)).to_have_count(1)
    expect(composer(page)).to_have_value("")
    assert sent() == 1


# Refused for a reason ---------------------------------------------------------------------------


def test_too_many_at_once_are_told_how_long_to_wait(page, watch, ben, message):
    watch.expect_status(429)
    # As many as a minute allows, by the same person in other tabs.
    form = page.locator("#composer")
    address, token = form.get_attribute("action"), form.locator("[name=csrfmiddlewaretoken]")
    fields = {"csrfmiddlewaretoken": token.input_value(), "content": " ", "client_key": "x"}
    for _ in range(60):
        page.request.post(address, form=fields, headers={"HX-Request": "true"})

    send(page, TEXT)

    assert_toast(page, "seconds")
    expect(composer(page)).to_have_value(TEXT)
    assert sent() == 0


def test_a_text_beyond_all_measure_is_kept(page, watch):
    watch.expect_status(413)
    text = "word " * 120_000
    page.set_default_timeout(60_000)  # a browser breaks so much into lines for seconds
    composer(page).fill(text)

    composer(page).press("Control+Enter")

    assert_toast(page, "That is too large to send.")
    assert composer(page).input_value() == text
    expect(composer(page)).to_be_focused()
    # The toast speaks of a text, and does not lie over it.
    toast, box = (page.locator(where).bounding_box() for where in (".snack", "#composer .box"))
    assert toast["y"] + toast["height"] <= box["y"] or box["height"] > 300


def test_what_is_gone_is_said_to_be_gone(page, watch, message):
    watch.expect_status(404)
    box = open_reply(page, message)
    box.fill(TEXT)
    services.delete_message(message=message, author=message.sender)

    box.press("Control+Enter")

    assert_toast(page, "This is not here any more")
    expect(box).to_have_value(TEXT)
    expect(box).to_be_focused()


# Text that was not sent -------------------------------------------------------------------------


def test_leaving_with_an_unsaved_edit_asks_first(page, ana, ben, message):
    """A message or a reply is kept as a draft (test_drafts.py)."""
    mine = MessageFactory(sender=ben, receiver=ana, content="Mine")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    # Leaving without any is free.
    page.goto("/inbox/")
    assert asked == []
    page.go_back()
    box = open_edit(page, mine)
    box.press_sequentially("Half a")

    page.locator(".brand").click()

    assert asked == ["beforeunload"]
    expect(box).to_have_value("MineHalf a")


def test_sending_asks_nothing(as_ben, ana, conversation):
    as_ben.on("dialog", lambda dialog: pytest.fail(f"asked: {dialog.type}"))
    as_ben.goto(f"/new/?q={ana.username}")
    as_ben.get_by_label("Message", exact=True).fill(TEXT)
    as_ben.get_by_role("button", name="Send").click()
    expect(saying(as_ben, TEXT)).to_be_visible()
    send(as_ben, "And more")
    expect(saying(as_ben, "And more")).to_be_visible()
    as_ben.goto("/inbox/")


def test_a_refused_text_counts_as_unsent(page, watch):
    watch.expect_status(422)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    send(page, "word " * 4_001)
    expect(composer(page)).to_have_attribute("aria-invalid", "true")

    page.locator(".brand").click()

    assert asked == ["beforeunload"]


def test_a_reply_is_kept_when_the_list_around_it_is_drawn_again(page, message):
    box = open_reply(page, message)
    box.fill(TEXT)

    page.get_by_role("button", name="Mark all read").click()

    expect(page.locator(".unread-mark")).to_have_count(0)
    expect(box).to_have_value(TEXT)
    box.press("Control+Enter")
    expect(saying(page, TEXT)).to_be_focused()
    assert sent() == 1


def test_a_reply_is_kept_when_the_thread_around_it_is_drawn_again(page, message):
    first = reply_to(message, "Good morning, Ana")
    page.goto(f"/m/{message.pk}/")
    inner = open_reply(page, first)
    inner.fill(TEXT)
    outer = open_reply(page, message)
    outer.fill("Something quick")

    outer.press("Control+Enter")

    expect(saying(page, "Something quick")).to_be_focused()
    expect(inner).to_have_value(TEXT)
    inner.press("Control+Enter")
    expect(saying(page, TEXT)).to_be_focused()


def test_an_edit_is_kept_when_the_list_around_it_is_drawn_again(page, ben, ana, message):
    mine = MessageFactory(sender=ben, receiver=ana, content="Mine")
    page.reload()
    box = open_edit(page, mine)
    box.fill(TEXT)

    page.get_by_role("button", name="Mark all read").click()

    expect(page.locator(".unread-mark")).to_have_count(0)
    expect(box).to_have_value(TEXT)
    box.press("Control+Enter")
    expect(article(page, mine).locator(".msg-body")).to_have_text(TEXT)


def test_a_reply_is_kept_when_it_is_asked_for_again(page, message):
    box = open_reply(page, message)
    box.fill(TEXT)

    article(page, message).get_by_role("link", name="Reply").click()

    expect(box).to_have_count(1)
    expect(box).to_have_value(TEXT)
    expect(box).to_be_focused()


# What stays in the browser ----------------------------------------------------------------------


def test_the_browser_keeps_no_text(page, message):
    send(page, TEXT)
    expect(saying(page, TEXT)).to_be_visible()
    page.goto("/inbox/")

    stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")

    assert TEXT not in stored
    assert message.content not in stored


@pytest.fixture
def keeping_page(browser, server, watch):
    """A page of a browser that keeps pages for "back", as people's do; Playwright's does not."""
    kept = browser.browser_type.launch(
        executable_path=installed(chromium()),
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    context = kept.new_context(base_url=server.address)
    watch.follow(context)
    yield context.new_page()
    kept.close()


def test_back_after_signing_out_shows_nothing(keeping_page, ben, message, conversation):
    page = keeping_page
    sign_in_by_page(page, ben)
    open_conversation(page, conversation)
    expect(article(page, message)).to_be_visible()
    page.goto("/account/")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text(message.content)).to_have_count(0)


def test_back_shows_what_was_done_since(keeping_page, ben, message, conversation):
    page = keeping_page
    sign_in_by_page(page, ben)
    page.goto("/inbox/")
    expect(page.locator(".card-u")).to_have_count(1)
    open_conversation(page, conversation)
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(".unread-mark")).to_have_count(0)

    page.go_back()

    expect(page.get_by_role("heading", name="Nothing unread")).to_be_visible()
