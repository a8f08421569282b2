"""Two people at once: what one does shows in the other's open windows."""

import pytest
from playwright.sync_api import expect

from chats.threads.conversation_list import ROOTS
from messaging import services
from messaging.models import Message
from tests.browser.pages import (
    article,
    asked,
    assert_counts,
    assert_said,
    composer,
    open_conversation,
    open_edit,
    open_reply,
    saying,
    select_something,
    send,
    thread,
)
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.browser


@pytest.fixture
def message(ana, ben):
    """A message from ana to ben, who has not read it."""
    return MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")


@pytest.fixture
def opened(message, conversation):
    """Opens the conversation, and waits until the page hears of news."""

    def opened(page):
        with page.expect_response("**/live/"):
            open_conversation(page, conversation)
        return page

    return opened


def edit(message, text):
    message = Message.objects.get(pk=message.pk)
    services.edit_message(
        message=message, editor=message.sender, content=text, text_version=message.text_version
    )


def test_two_people_talk(as_ana, as_ben, opened, message):
    opened(as_ana)
    opened(as_ben)

    select_something(as_ben)
    send(as_ana, "Are you there?")
    pill = as_ben.locator("#new-pill a")
    expect(pill).to_have_text("1 new message")
    assert_said(as_ben, "1 new message")
    assert_counts(as_ben, unread=2, bell=0)
    expect(as_ben.locator("#conversation-list")).to_contain_text("Are you there?")
    expect(saying(as_ben, "Are you there?")).to_have_count(0)
    pill.click()
    expect(saying(as_ben, "Are you there?")).to_be_focused()
    expect(pill).to_have_count(0)

    open_reply(as_ben, message).fill("Right here")
    as_ben.keyboard.press("Control+Enter")
    offer = thread(as_ana, message).get_by_role("link")
    expect(offer).to_contain_text("1 reply")
    offer.click()
    expect(saying(as_ana, "Right here")).to_be_visible()
    # One's own message stands where it belongs, and is offered to nobody who has sent it.
    expect(as_ana.locator("#new-pill a")).to_have_count(0)
    expect(saying(as_ana, "Are you there?")).to_have_count(1)


def test_who_is_at_the_end_sees_a_message_come_and_is_kept_there(as_ben, opened, ana, ben):
    for number in range(40):
        MessageFactory(sender=ana, receiver=ben, content=f"Number {number}")
    opened(as_ben)
    composer(as_ben).fill("Half a message")

    for number in range(3):
        MessageFactory(sender=ana, receiver=ben, content=f"Just come {number}")
        expect(saying(as_ben, f"Just come {number}")).to_be_in_viewport(ratio=1)

    expect(composer(as_ben)).to_have_value("Half a message")
    expect(composer(as_ben)).to_be_focused()
    expect(as_ben.locator("#new-pill a")).to_have_count(0)


def test_who_is_further_up_stays_there_and_is_told_how_many_came(as_ben, opened, ana, ben):
    for number in range(40):
        MessageFactory(sender=ana, receiver=ben, content=f"Number {number}\n\n.")
    opened(as_ben)
    top = saying(as_ben, "Number 25")
    top.evaluate("one => one.scrollIntoView({ block: 'center' })")
    expect(saying(as_ben, "Number 5")).to_be_attached()  # older ones have come above
    as_ben.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping')")
    before = top.bounding_box()["y"]

    for number in range(2):
        MessageFactory(sender=ana, receiver=ben, content=f"Just come {number}")
    pill = as_ben.locator("#new-pill a")
    expect(pill).to_have_text("2 new messages")

    assert abs(top.bounding_box()["y"] - before) < 2
    pill.click()
    expect(saying(as_ben, "Just come 0")).to_be_focused()
    expect(saying(as_ben, "Just come 0")).to_be_in_viewport(ratio=1)


def test_a_reply_elsewhere_shows_as_a_line_that_leads_to_it(as_ben, opened, message, ana, ben):
    for number in range(40):
        MessageFactory(sender=ana, receiver=ben, content=f"Number {number}")
    Message.objects.update(read=True)
    opened(as_ben)

    reply = reply_to(message, "After weeks", sender=ana)

    line = as_ben.locator("#strip a")
    expect(line).to_have_text("1 new reply in “Good morning, Ben”")
    expect(line).to_be_in_viewport(ratio=1)
    row = as_ben.locator("#conversation-list .row-last").first
    expect(row).to_have_text("replied to “Good morning, Ben”")
    line.click()
    expect(article(as_ben, reply)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("text", ["", "Half a message"])
def test_an_open_window_says_that_the_other_account_is_gone(as_ben, opened, watch, ana, text):
    watch.expect_status(404)
    opened(as_ben)
    composer(as_ben).fill(text)

    ana.delete()

    expect(as_ben.locator("#foot .ended")).to_contain_text("The account of Ana Lima was deleted")
    if text:
        expect(composer(as_ben)).to_have_value(text)
        expect(composer(as_ben)).to_have_js_property("readOnly", True)
    else:
        expect(composer(as_ben)).to_have_count(0)
    expect(as_ben.locator("#toasts [role=alert]")).to_have_count(0)


def test_edits_and_deletions_show_in_place(as_ben, opened, message, ana, ben):
    other = MessageFactory(sender=ana, receiver=ben, content="To be deleted")
    opened(as_ben)

    edit(message, "Good evening, Ben")
    expect(article(as_ben, message)).to_contain_text("Good evening, Ben")
    expect(article(as_ben, message)).to_contain_text("edited")
    services.delete_message(message=other, author=ana)
    expect(article(as_ben, other)).to_have_count(0)


def test_a_changed_name_and_the_number_of_replies_show_in_the_head(as_ben, opened, message, ana):
    opened(as_ben)
    beside = as_ben.context.new_page()
    beside.goto(f"/m/{message.pk}/")
    expect(beside.locator("#thread-line")).to_have_text("with Ana Lima")

    reply_to(message, "Right here")
    ana.first_name = "Zoë Lima"
    ana.save(update_fields=["first_name"])

    expect(beside.locator("#thread-line")).to_have_text("with Zoë Lima, 1 reply")
    expect(beside).to_have_title("(1) Thread with Zoë Lima · Parley")
    as_ben.bring_to_front()
    expect(as_ben.get_by_role("heading", level=1)).to_have_text("Zoë Lima")
    expect(as_ben.locator("#other-avatar")).to_have_text("ZL")
    expect(as_ben).to_have_title("(1) Zoë Lima · Parley")


def test_what_is_read_in_one_window_is_read_in_the_other(as_ben, opened, message, context):
    opened(as_ben)
    inbox = as_ben.context.new_page()
    inbox.goto("/inbox/")
    expect(inbox.locator(".card-u")).to_have_count(1)

    article(as_ben, message).get_by_role("button", name="Mark read").click()

    expect(inbox.locator(".card-u")).to_have_count(0)
    assert_counts(inbox, unread=0, bell=0)


def test_nothing_is_swapped_over_what_is_typed(as_ana, opened, message, ana, ben):
    """Nor under the focus; it comes once that has moved on."""
    opened(as_ana)
    box = open_edit(as_ana, message)
    box.fill("Half a sent")
    composer(as_ana).fill("Half a message")

    edit(message, "Changed in another window")
    MessageFactory(sender=ben, receiver=ana, content="And this came")

    # Announced by the pill, or joined: the page is at its end.
    came = as_ana.locator("#new-pill a").or_(saying(as_ana, "And this came"))
    expect(came.first).to_be_visible()
    expect(box).to_have_value("Half a sent")
    expect(composer(as_ana)).to_have_value("Half a message")
    box.fill("")
    box.press("Escape")
    expect(article(as_ana, message)).to_contain_text("Changed in another window")


def test_a_message_under_the_focus_is_left_alone_until_it_has_moved_on(as_ben, opened, message):
    opened(as_ben)
    article(as_ben, message).focus()

    edit(message, "Good night, Ben")
    expect(as_ben.locator("#conversation-list")).to_contain_text("Good night, Ben")
    expect(article(as_ben, message)).to_contain_text("Good morning, Ben")
    composer(as_ben).focus()

    expect(article(as_ben, message)).to_contain_text("Good night, Ben")


def test_what_is_read_does_not_move(as_ben, opened, ana, ben):
    first = MessageFactory(sender=ana, receiver=ben, content="The first")
    for number in range(15):
        MessageFactory(sender=ana, receiver=ben, content=f"Number {number}\n\nand more\n\nand more")
    opened(as_ben)
    last = as_ben.locator("article.msg").last
    last.scroll_into_view_if_needed()
    before = last.bounding_box()["y"]

    edit(first, "Much longer\n\n" * 12)
    expect(article(as_ben, first)).to_contain_text("Much longer")

    as_ben.wait_for_function("() => !document.documentElement.style.overflowAnchor")
    assert abs(last.bounding_box()["y"] - before) < 2


def test_one_stream_serves_all_windows_of_a_browser(as_ben, opened, message, ana, ben):
    with asked(as_ben, live=True) as first:
        opened(as_ben)
    other = as_ben.context.new_page()
    with asked(other, live=True) as second:
        other.goto("/inbox/")
        expect(other.locator(".card-u")).to_have_count(1)
        select_something(as_ben)
        MessageFactory(sender=ana, receiver=ben)
        expect(other.locator("#new-pill a")).to_have_text("1 new message")
        expect(as_ben.locator("#new-pill a")).to_have_text("1 new message")

    assert "GET /live/" in first
    assert "GET /live/" not in second
    # When the window that held it closes, another one takes over.
    with other.expect_response("**/live/"):
        as_ben.close()


def test_a_page_come_back_to_shows_what_came_meanwhile(as_ben, opened, ana, ben, message):
    opened(as_ben)
    as_ben.goto("/new/")
    MessageFactory(sender=ana, receiver=ben, content="While you were away")
    reply_to(message, "And a reply", sender=ana)

    as_ben.go_back()

    expect(saying(as_ben, "While you were away")).to_have_count(1)
    expect(thread(as_ben, message)).to_contain_text("1 reply")


def test_more_than_a_page_of_new_messages_is_shown_by_the_page_itself(as_ben, opened, ana, ben):
    opened(as_ben)
    select_something(as_ben)
    for number in range(ROOTS + 1):
        MessageFactory(sender=ana, receiver=ben, content=f"Message {number} of many")
    pill = as_ben.locator("#new-pill a")
    expect(pill).to_have_text(f"{ROOTS + 1} new messages")

    pill.click()

    expect(saying(as_ben, f"Message {ROOTS} of many")).to_be_in_viewport()
    expect(pill).to_have_count(0)


def test_a_failed_stream_is_tried_again(as_ben, opened, watch, ana, ben):
    """A proxy answers 502 while the server restarts."""
    watch.expect_status(502)
    watch.expect("EventSource")
    answers = iter([502, 502])
    as_ben.route(
        "**/live/",
        lambda route: (
            route.fulfill(status=status) if (status := next(answers, 0)) else route.continue_()
        ),
    )
    opened(as_ben)
    MessageFactory(sender=ana, receiver=ben, content="Meanwhile")

    expect(saying(as_ben, "Meanwhile")).to_be_visible()


def test_a_lost_network_loses_nothing(as_ben, opened, watch, ana, ben):
    # What the stream asked for just before is lost as well.
    watch.expect("ERR_INTERNET_DISCONNECTED", "htmx:(sendError|afterRequest)", "Send Error")
    opened(as_ben)
    as_ben.context.set_offline(True)
    MessageFactory(sender=ana, receiver=ben, content="Meanwhile")

    as_ben.context.set_offline(False)

    expect(saying(as_ben, "Meanwhile")).to_be_visible()
    expect(as_ben.locator("#toasts [role=alert]")).to_have_count(0)


def test_a_restarted_server_loses_and_doubles_nothing(as_ben, opened, watch, server, ana, ben):
    watch.expect("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_EMPTY_RESPONSE")
    # What was asked for just then fails as well, and is asked for again.
    watch.expect("ERR_CONNECTION_RESET", "htmx:(sendError|afterRequest)", "Send Error")
    opened(as_ben)
    select_something(as_ben)
    MessageFactory(sender=ana, receiver=ben, content="Before")
    pill = as_ben.locator("#new-pill a")
    expect(pill).to_have_text("1 new message")

    server.stop()
    MessageFactory(sender=ana, receiver=ben, content="Meanwhile")
    server.start()
    server.wait()

    # The more often it has failed, the longer a page waits before it tries again.
    expect(pill).to_have_text("2 new messages", timeout=60_000)
    pill.click()
    expect(saying(as_ben, "Before")).to_have_count(1)
    expect(saying(as_ben, "Meanwhile")).to_have_count(1)


def test_a_page_that_the_browser_has_kept_asks_what_it_has_missed(as_ben, opened, ana, ben):
    """With text in it: without, it is loaded again."""
    opened(as_ben)
    composer(as_ben).fill("Half a message")
    # Chromium keeps no page while somebody steers it; these are its events.
    as_ben.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    MessageFactory(sender=ana, receiver=ben, content="Meanwhile")

    with as_ben.expect_response("**/live/"):
        as_ben.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    expect(saying(as_ben, "Meanwhile")).to_be_visible()
    expect(composer(as_ben)).to_have_value("Half a message")


# A stream of which nothing arrives any more, as after a computer has slept.
DEAF = """
const hear = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (name, act) {
  hear.call(this, name, (event) => window.deaf === this || act(event));
  window.stream = this;
};
"""


def test_a_stream_that_has_gone_silent_is_opened_anew(as_ben, opened, message, ana, ben):
    as_ben.add_init_script(DEAF)
    as_ben.clock.install()
    opened(as_ben)
    as_ben.evaluate("window.deaf = window.stream")
    edit(message, "Good evening, Ben")

    with as_ben.expect_response("**/live/"):
        as_ben.clock.fast_forward("02:00")  # as a lid that was closed for so long

    expect(article(as_ben, message)).to_contain_text("Good evening, Ben")
    assert as_ben.evaluate("window.deaf.readyState") == 2  # closed: there is one


def test_what_was_asked_for_before_a_change_does_not_undo_it(as_ana, opened, message, ana, ben):
    """However late it arrives: it is asked once more what has changed."""
    reply = reply_to(message, "Before")
    services.mark_as_read(reader=ana, messages=Message.objects.filter(pk=reply.pk))
    opened(as_ana)
    held = {}

    def hold(name):
        """The first such request waits; afterwards pages ask as ever."""

        def first(route):
            route.continue_() if name in held else held.update({name: route})

        return first

    def holds(name):
        for _ in range(1000):
            if name in held:
                return held[name]
            as_ana.wait_for_timeout(20)
        raise AssertionError(f"Nothing asked for {name}.")

    as_ana.route("**/changes/?*", hold("changes"))
    as_ana.route("**part=thread*", hold("replies"))
    MessageFactory(sender=ben, receiver=ana)
    changes = holds("changes")
    thread(as_ana, message).get_by_role("link").click()
    replies = holds("replies")

    old = replies.fetch()
    edit(reply, "After")
    with as_ana.expect_response("**/changes/?*"):
        changes.continue_()
    replies.fulfill(response=old)
    expect(article(as_ana, reply)).to_be_visible()
    # Nothing is swapped under the pointer or the focus.
    as_ana.mouse.move(0, 0)
    composer(as_ana).focus()

    expect(article(as_ana, reply)).to_contain_text("After")
