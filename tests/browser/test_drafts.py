"""Drafts: what is written is kept without being asked, and shows in every window."""

import pytest
from playwright.sync_api import expect

from messaging import services
from messaging.models import Draft, Message
from tests.browser.pages import (
    article,
    composer,
    open_conversation,
    open_reply,
    saying,
    send,
)
from tests.factories import MessageFactory

pytestmark = pytest.mark.browser

TEXT = "Half an hour of careful writing"


@pytest.fixture
def message(ana, ben):
    return MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")


@pytest.fixture
def page(as_ben, message):
    open_conversation(as_ben, message.conversation)
    return as_ben


def kept(author):
    return Draft.objects.filter(author=author).first()


def write(page, box, text=TEXT):
    """Write, and wait until it is kept."""
    with page.expect_response("**/draft/") as answer:
        box.click()
        page.keyboard.type(text)
    assert answer.value.status == 204


def test_what_is_written_is_kept_and_shows_on_another_device(page, message, sign_in, ben):
    write(page, composer(page))
    expect(page.locator("#composer .hint")).to_have_text("Draft saved")

    other = sign_in(ben)
    other.goto("/inbox/")
    row = other.locator("#conversation-list .row-last")
    expect(row).to_have_text(f"Draft: {TEXT}")
    open_conversation(other, message.conversation)
    expect(composer(other)).to_have_value(TEXT)


def test_what_is_written_is_kept_when_one_leaves_and_nobody_is_asked(page, message):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog), dialog.accept()))
    composer(page).click()
    page.keyboard.type(TEXT)

    page.goto("/inbox/")

    expect(page.locator("#conversation-list .row-last")).to_have_text(f"Draft: {TEXT}")
    assert asked == []


def test_a_reply_is_kept_below_what_it_answers(page, message, ben):
    write(page, open_reply(page, message))

    services.mark_as_read(reader=ben, messages=Message.objects.filter(pk=message.pk))
    page.goto("/inbox/")
    page.locator("#conversation-list .row-c").click()

    expect(page.get_by_role("main").locator("textarea")).to_have_value(TEXT)
    assert kept(ben).message == message


def test_sending_takes_the_draft_along(page, message, ben):
    write(page, composer(page))

    page.keyboard.press("Enter")

    expect(saying(page, TEXT)).to_be_visible()
    expect(composer(page)).to_have_value("")
    expect(page.locator("#conversation-list .row-last")).to_have_text(f"You: {TEXT}")
    assert kept(ben) is None


def test_two_windows_overwrite_nothing_silently(page, message, sign_in, ben, watch):
    watch.expect_status(409)
    other = sign_in(ben)
    open_conversation(other, message.conversation)
    write(page, composer(page), "In one window")

    with other.expect_response("**/draft/") as answer:
        composer(other).click()
        other.keyboard.type("In the other")

    assert answer.value.status == 409
    notice = other.locator("#composer .box-notice")
    expect(notice).to_contain_text("In one window")
    expect(composer(other)).to_have_value("In the other")
    assert kept(ben).content == "In one window"
    write(other, composer(other), ", and more")
    assert kept(ben).content == "In the other, and more"


@pytest.mark.parametrize("trouble", [401, 503])
def test_it_stays_in_the_box_and_is_tried_again(page, message, watch, trouble):
    watch.expect_status(trouble)
    page.route("**/draft/", lambda route: route.fulfill(status=trouble), times=1)

    with page.expect_response(lambda response: "/draft/" in response.url and response.ok):
        composer(page).click()
        page.keyboard.type(TEXT)

    expect(composer(page)).to_have_value(TEXT)
    expect(page.locator("#composer .hint")).to_have_text("Draft saved")


def test_without_scripts_a_draft_is_kept_by_a_button(context, sign_in, ben, message):
    page = sign_in(ben, java_script_enabled=False)
    open_conversation(page, message.conversation)
    composer(page).fill(TEXT)

    page.locator("#composer").get_by_role("button", name="Keep draft").click()

    expect(composer(page)).to_have_value(TEXT)
    expect(page.locator("#conversation-list .row-last")).to_have_text(f"Draft: {TEXT}")


def test_without_scripts_nothing_is_overwritten_either(sign_in, ben, message, watch):
    watch.expect_status(409)
    one, other = (sign_in(ben, java_script_enabled=False) for _ in range(2))
    for page in (one, other):
        open_conversation(page, message.conversation)
    for page, text in ((one, "In one window"), (other, "In the other")):
        composer(page).fill(text)
        page.locator("#composer").get_by_role("button", name="Keep draft").click()

    expect(other.locator(".box-notice")).to_contain_text("In one window")
    expect(other.get_by_label("Message", exact=True)).to_have_value("In the other")
    other.get_by_role("button", name="Keep draft").click()
    expect(composer(other)).to_have_value("In the other")


def test_what_is_typed_while_a_message_is_on_its_way_stays(page, message):
    held = []
    page.route("**/send/", lambda route: held.append(route), times=1)
    composer(page).click()
    page.keyboard.type("The first")
    page.keyboard.press("Enter")
    page.keyboard.type(" and what comes next")
    expect(composer(page)).to_have_value("The first and what comes next")

    held.pop().continue_()

    expect(saying(page, "The first")).to_be_visible()
    expect(composer(page)).to_have_value("and what comes next")
    expect(composer(page)).to_be_focused()


def test_what_is_typed_while_a_reply_is_on_its_way_stays(page, message):
    held = []
    open_reply(page, message)
    page.route("**/reply/", lambda route: held.append(route), times=1)
    page.keyboard.type("The first")
    page.keyboard.press("Enter")
    page.keyboard.type(" and what comes next")

    held.pop().continue_()

    expect(saying(page, "The first")).to_be_visible()
    expect(page.locator(f"#m-{message.pk}-slot textarea")).to_have_value("and what comes next")


def test_the_other_person_learns_nothing_of_a_draft(page, message, sign_in, ana):
    theirs = sign_in(ana)
    with theirs.expect_response("**/live/"):
        open_conversation(theirs, message.conversation)

    write(page, composer(page))
    send(theirs, "And you?")
    expect(saying(page, "And you?")).to_be_visible()

    assert TEXT not in theirs.content()
    expect(article(theirs, message)).to_be_visible()
