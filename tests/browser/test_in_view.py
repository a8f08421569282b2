"""Nothing that was just sent lies under the text box, and a page opens where it should at once."""

import pytest
from playwright.sync_api import expect

from tests.browser.pages import open_conversation
from tests.factories import MessageFactory

pytestmark = pytest.mark.browser

# How many pixels of the last message the text box covers; none if it is whole above the box.
COVERED = """() => {
  const message = [...document.querySelectorAll("#feed article.msg")].at(-1).getBoundingClientRect();
  const box = document.querySelector("#composer .box").getBoundingClientRect();
  return Math.max(0, message.bottom - box.top, -message.top);
}"""


@pytest.fixture
def long_conversation(ana, ben):
    for number in range(30):
        last = MessageFactory(sender=ana, receiver=ben, content=f"Message number {number}")
    return last.conversation


@pytest.mark.parametrize("size", [(1440, 900), (1024, 600), (390, 844), (320, 568)])
@pytest.mark.parametrize("text", ["On my way", "line\n" * 6 + "and the end"], ids=["short", "long"])
def test_a_message_that_was_sent_is_whole_in_view(as_ben, long_conversation, size, text):
    as_ben.set_viewport_size({"width": size[0], "height": size[1]})
    open_conversation(as_ben, long_conversation)
    box = as_ben.locator("#composer textarea")

    for number in range(2):
        box.fill(text)
        box.press("Control+Enter")
        expect(as_ben.locator("#feed article.is-own")).to_have_count(1 + number)
        expect(box).to_have_value("")
        as_ben.wait_for_function(f"() => ({COVERED})() === 0")

    expect(box).to_be_focused()


def test_a_conversation_opens_without_a_ride_through_its_history(as_ben, long_conversation):
    open_conversation(as_ben, long_conversation)

    expect(as_ben.locator("html")).to_have_css("scroll-behavior", "auto")


def test_who_writes_while_further_up_stays_there(as_ben, long_conversation):
    as_ben.set_viewport_size({"width": 1024, "height": 600})
    open_conversation(as_ben, long_conversation)
    place = as_ben.locator("#feed article.msg").nth(4)
    place.evaluate("one => one.scrollIntoView({ block: 'center' })")
    as_ben.wait_for_function("() => !document.querySelector('#feed > .older')")
    place.evaluate("one => one.scrollIntoView({ block: 'center' })")
    before = place.bounding_box()["y"]

    as_ben.locator("#composer textarea").focus()
    as_ben.keyboard.type("Something longer")

    assert abs(place.bounding_box()["y"] - before) < 1
