"""Who reads by ear, works by keyboard, or sees other colours can do everything."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from messaging import services
from messaging.models import Message
from tests.browser.conftest import PASSWORD, numbers
from tests.browser.pages import (
    article,
    assert_counts,
    open_conversation,
    open_edit,
    saying,
    send,
    thread,
)
from tests.browser.states import make_sample, resize
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", ["inbox", "conversation", "thread", "account", "new message"])
def test_axe_finds_nothing_from_right_to_left(opened, axe, state):
    page = opened(state, language="ar")
    for width in (375, 1440):
        resize(page, width, 4000)
        axe.assert_fine(page, f"{width} px")


@pytest.mark.parametrize("state", ["inbox", "conversation, history open", "account, refused"])
def test_axe_finds_nothing_in_colours_of_the_system(opened, axe, state):
    page = opened(state)
    page.emulate_media(forced_colors="active")
    resize(page, 1440, 4000)
    axe.assert_fine(page, "forced colours")
    for seen in (".count", ".btn"):
        place = page.locator(seen).first
        expect(place).to_have_css("border-top-style", "solid")
        expect(place).not_to_have_css("border-top-width", "0px")


def test_axe_finds_nothing_after_any_swap_and_the_focus_is_never_lost(
    sign_in, ana, ben, person, watch, axe
):
    watch.expect_status(409)
    older = [MessageFactory(sender=ana, receiver=ben, content=f"Older {n}") for n in range(25)]
    services.mark_as_read(
        reader=ben, messages=Message.objects.filter(pk__in=[one.pk for one in older])
    )
    sample = make_sample(ben, ana, person("Thea Rosenzweig"))
    page = sign_in(ben)

    def look(when: str) -> None:
        axe.assert_fine(page, when)
        assert page.evaluate("document.activeElement.tagName") != "BODY", when

    # So high that nothing lies half below a bar that stays in view.
    resize(page, 1280, 4000)
    open_conversation(page, sample.conversation)
    page.get_by_role("link", name="Older messages").click()
    expect(page.locator("article.msg:focus")).to_be_visible()
    look("older messages")
    thread(page, sample.closed).get_by_role("link").click()
    expect(thread(page, sample.closed).locator("summary").first).to_be_focused()
    look("a thread opened")
    article(page, sample.closed).get_by_role("link", name="Reply").click()
    page.locator(".slot textarea").fill("A fourth thought.")
    look("a reply begun")
    page.keyboard.press("Control+Enter")
    expect(saying(page, "A fourth thought.")).to_be_focused()
    look("a reply sent")
    send(page, "One more")
    expect(saying(page, "One more")).to_be_visible()
    look("a message sent")
    box = open_edit(page, sample.own)
    look("an edit begun")
    services.edit_message(
        message=sample.own,
        editor=ben,
        content="From elsewhere",
        text_version=Message.objects.get(pk=sample.own.pk).text_version,
    )
    box.fill("From here")
    box.press("Control+Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    look("an edit refused")
    box.press("Control+Enter")
    expect(article(page, sample.own)).to_be_focused()
    look("an edit saved")
    for name in ("Mark read", "Mark unread"):
        article(page, sample.unread).get_by_role("button", name=name).press("Enter")
        expect(article(page, sample.unread)).to_be_focused()
        look(name)
    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(".unread-mark")).to_have_count(0)
    look("all read")

    MessageFactory(sender=ana, receiver=ben, content="Two are left")
    MessageFactory(sender=ana, receiver=ben, content="One is left")
    page.goto("/inbox/")
    page.locator(".card-u").first.get_by_role("button", name="Mark read").click()
    expect(
        page.locator(".card-u", has_text="One is left").get_by_role("link").first
    ).to_be_focused()
    look("a card read")
    page.get_by_role("main").get_by_role("button", name="Mark all read").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    look("all cards read")
    page.goto("/new/")
    page.get_by_label("To").press_sequentially("rosenz")
    expect(page.get_by_role("radio")).to_have_count(1)
    look("people found")
    page.goto("/search/")
    page.keyboard.press("/")
    page.keyboard.type("thought")
    expect(page.locator(".results .row-c").first).to_be_visible()
    look("messages found")


def test_nothing_moves_for_those_who_ask_for_that(opened, watch):
    page = opened("conversation")
    page.locator(".tag-edited").first.click()
    expect(page.locator(".versions > li").first).to_be_visible()

    durations = page.evaluate("""() => [...document.querySelectorAll("*")].flatMap((one) => {
      const style = getComputedStyle(one);
      return [style.transitionDuration, style.animationDuration].join().split(",").map(parseFloat);
    })""")

    assert max(durations) < 0.001
    # And for others something does: this would find it.
    page.emulate_media(reduced_motion="no-preference")
    expect(page.locator(".pop").first).not_to_have_css("transition-duration", "0s")


# By keyboard alone -----------------------------------------------------------------------------

# The ring is seen, and nothing lies over what has it.
SEEN = """() => {
  const one = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const above = document.elementFromPoint(
    Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1),
    Math.min(Math.max(box.y + Math.min(box.height / 2, 20), 0), innerHeight - 1));
  const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
    || one.closest(".box:focus-within") !== null || one.matches("main, h1");
  const free = above && (one.contains(above) || above.contains(one)
    || document.querySelector(`label[for="${one.id}"]`)?.contains(above));
  return [ring ? "" : "no ring", free ? "" : `covered by ${above?.outerHTML.slice(0, 80)}`]
    .filter(Boolean).map((what) => `${one.outerHTML.slice(0, 120)}: ${what}`);
}"""


class Keyboard:
    """Somebody without a mouse: Tab, Enter, space, arrows and letters."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go_to(self, place: Locator) -> None:
        for _ in range(90):
            self.page.keyboard.press("Tab")
            if place.evaluate("one => one === document.activeElement"):
                break
        expect(place).to_be_focused()
        # What comes into view with the focus comes a frame later.
        for _ in range(40):
            if not (wrong := self.page.evaluate(SEEN)):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(wrong)

    def press(self, place: Locator, key: str = "Enter") -> None:
        self.go_to(place)
        self.page.keyboard.press(key)

    def write(self, place: Locator, text: str) -> None:
        self.go_to(place)
        self.page.keyboard.type(text)


@pytest.mark.parametrize("width", [375, 1280])
def test_each_journey_can_be_made_by_keyboard_alone(context, ana, width):
    page = context(viewport={"width": width, "height": 900}).new_page()
    keyboard = Keyboard(page)
    label, button, link = page.get_by_label, _by(page, "button"), _by(page, "link")

    # Coming in.
    page.goto("/")
    keyboard.press(link("Create an account"))
    expect(page.get_by_role("heading", name="Create an account")).to_be_visible()
    keyboard.write(label("Name", exact=True), "Kim Keys")
    keyboard.write(label("Username"), f"kim{next(numbers)}")
    keyboard.write(label("Password", exact=True), PASSWORD)
    keyboard.write(label("The same password again"), PASSWORD)
    keyboard.press(button("Create account"))
    expect(page).to_have_title("Inbox · Parley")

    # Past what stands on every page, and writing to somebody.
    keyboard.press(link("Skip to content"))
    expect(page.get_by_role("main")).to_be_focused()
    keyboard.press(page.get_by_role("main").get_by_role("link", name="Write to someone"))
    expect(label("To")).to_be_focused()
    page.keyboard.type(ana.username)
    first = page.get_by_role("radio").first
    expect(first).to_have_value(str(ana.pk))
    page.keyboard.press("Enter")
    expect(first).to_be_checked()
    expect(label("Message", exact=True)).to_be_focused()
    page.keyboard.type("Good morning")
    page.keyboard.press("Control+Enter")
    mine = saying(page, "Good morning")
    expect(mine).to_be_visible()

    # An answer comes: replying, reading, unreading.
    message = Message.objects.get(content="Good morning", receiver=ana)
    answer = reply_to(message, "Good morning, Kim")
    page.goto("/inbox/")
    keyboard.press(page.locator(".card-u").get_by_role("link", name=re.compile("^Open")))
    expect(article(page, answer)).to_be_focused()
    keyboard.press(article(page, answer).get_by_role("link", name="Reply"))
    expect(page.locator(".slot textarea")).to_be_focused()
    page.keyboard.type("How are you?")
    keyboard.press(page.locator(".slot").get_by_role("button", name="Reply"))
    reply = saying(page, "How are you?")
    expect(reply).to_be_focused()
    keyboard.press(reply.get_by_role("link", name="Edit"))
    expect(page.locator(".is-editing textarea")).to_be_focused()
    page.keyboard.type(" Today, I mean.")
    page.keyboard.press("Control+Enter")
    expect(reply).to_be_focused()
    expect(reply.locator(".msg-body")).to_have_text("How are you? Today, I mean.")
    keyboard.press(reply.locator(".tag-edited"), "Space")
    expect(page.locator(".versions > li")).to_have_count(2)
    keyboard.press(page.locator(".versions summary").nth(1))
    page.keyboard.press("Escape")
    expect(reply.locator(".tag-edited")).to_be_focused()
    assert_counts(page, unread=0)  # the answer was seen

    # The bell, the search, and deleting a message.
    page.goto("/inbox/")
    keyboard.press(button(re.compile("^Notifications")))
    expect(page.locator("#notifications .bell")).to_have_count(1)
    keyboard.press(page.locator("#notifications .bell"))
    seen = article(page, answer)
    expect(seen).to_be_focused()
    keyboard.press(seen.get_by_role("button", name="Mark unread"), "Space")
    expect(seen.locator(".unread-mark")).to_be_visible()
    expect(seen).to_be_focused()
    keyboard.press(seen.get_by_role("button", name="Mark read"), "Space")
    expect(seen.locator(".unread-mark")).to_have_count(0)
    page.goto("/inbox/")
    page.keyboard.press("/" if width > 640 else "Tab")
    if width > 640:
        page.keyboard.type("today")
        page.keyboard.press("Enter")
    else:
        keyboard.press(link("Search"))
        expect(page.locator("#q-here")).to_be_focused()
        page.keyboard.type("today")
    expect(page.locator(".results .row-c")).to_have_count(1)
    keyboard.press(page.locator(".results .row-c"))
    expect(reply).to_be_visible()
    keyboard.press(reply.get_by_role("link", name="Delete"))
    keyboard.press(button("Delete message"))
    expect(page.locator("#toasts")).to_contain_text("Message deleted")

    # Settings, and the end.
    page.goto("/inbox/")
    keyboard.press(link(re.compile("^Your account")))
    keyboard.go_to(page.get_by_role("radio", name="Follow the system"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(label("Dark")).to_be_checked()
    reading = page.locator("section", has_text="Reading")
    keyboard.press(reading.get_by_role("button", name="Save"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    keyboard.press(link("Delete my account"))
    keyboard.write(label("Current password"), PASSWORD)
    keyboard.press(label("I understand"), "Space")
    keyboard.press(button("Delete my account"))
    expect(page.get_by_role("heading", name="Goodbye")).to_be_visible()


def _by(page: Page, role):
    return lambda name: page.get_by_role(role, name=name)
