"""Each interaction: one request, what it changes, where the focus goes and what is announced."""

import re

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

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
from tests.factories import MessageFactory, UserFactory, chain, reply_to

pytestmark = pytest.mark.browser


@pytest.fixture
def message(ana, ben):
    """A message from ana to ben, who has not read it."""
    return MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")


def read(*messages):
    for message in messages:
        services.mark_as_read(
            reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
        )


# Looking around ---------------------------------------------------------------------------------


def test_the_filter_lists_conversations_with_something_unread(as_ben, ben, message, person):
    other = MessageFactory(sender=person("Cleo Marsh"), receiver=ben, content="Read long ago")
    read(other)
    as_ben.goto("/inbox/")
    expect(as_ben.locator(".row-c")).to_have_count(2)

    as_ben.locator(".seg").get_by_role("link", name="Unread").click()

    expect(as_ben).to_have_url(re.compile(r"/inbox/\?show=unread$"))
    expect(as_ben.locator(".row-c")).to_have_count(1)
    expect(as_ben.locator(".seg [aria-current]")).to_contain_text("Unread")


def test_a_row_leads_to_the_first_unread_message(as_ben, ana, ben, conversation):
    old = [MessageFactory(sender=ana, receiver=ben, content=f"Old {n}\n\nmore") for n in range(12)]
    read(*old)
    first = MessageFactory(sender=ana, receiver=ben, content="The first new one")
    for number in range(6):
        MessageFactory(sender=ana, receiver=ben, content=f"New {number}\n\nand more\n\nand more")
    as_ben.goto("/inbox/")

    as_ben.locator(".row-c").click()

    expect(as_ben).to_have_url(re.compile(rf"/c/{conversation.pk}/#m-\d+$"))
    expect(article(as_ben, first)).to_be_in_viewport()
    expect(article(as_ben, old[0])).not_to_be_in_viewport()


def test_older_messages_load_as_one_comes_near_and_ones_place_stays(as_ben, ana, ben, conversation):
    sent = [
        MessageFactory(sender=ana, receiver=ben, content=f"Number {n}.\n\n.") for n in range(90)
    ]
    open_conversation(as_ben, conversation)
    expect(article(as_ben, sent[-1])).to_be_in_viewport()

    place = article(as_ben, sent[72])
    place.evaluate("one => one.scrollIntoView({ block: 'start' })")
    before = place.bounding_box()["y"]
    expect(article(as_ben, sent[55])).to_be_attached()
    as_ben.wait_for_function("() => !document.querySelector('.htmx-request')")

    assert abs(place.bounding_box()["y"] - before) < 1
    assert as_ben.evaluate("document.activeElement.tagName") == "BODY"
    expect(as_ben.locator("#live")).to_have_text("")
    while as_ben.locator("#feed > .older").count():
        as_ben.mouse.wheel(0, -1000)
        as_ben.wait_for_timeout(50)
    expect(as_ben.locator("#feed .day")).to_have_count(1)
    expect(as_ben.locator("#feed > .new-line")).to_have_count(1)
    in_order = as_ben.locator("article.msg").evaluate_all("all => all.map(one => one.id)")
    assert in_order == [f"m-{message.pk}" for message in sent]


def test_a_closed_thread_opens_in_place(as_ben, message, conversation):
    last = reply_to(message, "Good morning, Ana")
    others = [reply_to(message, f"Thought {n}", sender=message.sender) for n in range(5)]
    read(message, last, *others)
    open_conversation(as_ben, conversation)
    pill = thread(as_ben, message).get_by_role("link")
    expect(pill).to_contain_text("6 replies")

    with asked(as_ben) as requests:
        pill.click()
        expect(article(as_ben, last)).to_be_visible()

    assert requests == [f"GET /m/{message.pk}/?part=thread"]
    summary = thread(as_ben, message).locator("summary").first
    expect(summary).to_be_focused()
    assert_said(as_ben, "6 replies shown")
    # Closing and opening it again asks nobody.
    with asked(as_ben) as requests:
        summary.press("Enter")
        expect(article(as_ben, last)).to_be_hidden()
        summary.press("Enter")
        expect(article(as_ben, last)).to_be_visible()
    assert requests == []


def test_more_replies_are_added_below(as_ben, message):
    replies = [reply_to(message, f"Thought {n}.") for n in range(60)]
    as_ben.goto(f"/m/{message.pk}/")
    expect(as_ben.locator(".replies article")).to_have_count(50)

    with asked(as_ben) as requests:
        as_ben.get_by_role("link", name="10 more replies").click()
        expect(as_ben.locator(".replies article")).to_have_count(60)

    assert len(requests) == 1
    expect(article(as_ben, replies[50])).to_be_focused()
    assert_said(as_ben, "10 more replies")


def test_a_deep_thread_continues_on_a_page_of_its_own(as_ben, message, conversation):
    last = chain(message, 6)
    open_conversation(as_ben, conversation)
    link = as_ben.get_by_role("link", name="Continue this thread")
    expect(link).to_contain_text("2 more replies")

    link.click()

    expect(as_ben).to_have_url(re.compile(r"/m/\d+/$"))
    expect(article(as_ben, last)).to_be_visible()
    expect(as_ben.locator("article.msg").first).to_be_focused()
    expect(as_ben.locator(".above")).to_contain_text("4 levels up:")


# Replying ---------------------------------------------------------------------------------------


def test_the_reply_box_opens_in_place_and_closes_again(as_ben, message, conversation):
    open_conversation(as_ben, conversation)
    link = article(as_ben, message).get_by_role("link", name="Reply")

    box = open_reply(as_ben, message)
    box.locator("xpath=ancestor::form").get_by_role("link", name="Cancel").click()

    expect(box).to_have_count(0)
    expect(link).to_be_focused()

    link.press("Enter")
    expect(box).to_be_focused()
    box.press("Escape")
    expect(box).to_have_count(0)
    expect(link).to_be_focused()


def test_escape_does_not_throw_away_what_was_typed(as_ben, message, conversation):
    open_conversation(as_ben, conversation)
    box = open_reply(as_ben, message)
    box.fill("Half a thought")

    box.press("Escape")

    expect(box).to_have_value("Half a thought")


@pytest.mark.parametrize("by", ["the button", "Control+Enter", "Meta+Enter"])
def test_a_reply_appears_below_what_it_answers(as_ben, message, conversation, by):
    open_conversation(as_ben, conversation)
    box = open_reply(as_ben, message)
    box.fill("Good morning, Ana")

    with asked(as_ben) as requests:
        if by == "the button":
            as_ben.locator(".slot").get_by_role("button", name="Reply").click()
        else:
            box.press(by)
        expect(saying(as_ben, "Good morning, Ana")).to_be_focused()

    assert requests == [f"POST /m/{message.pk}/reply/"]
    assert_said(as_ben, "Reply sent")
    expect(as_ben.locator(".slot form")).to_have_count(0)
    expect(as_ben.locator(f"#m-{message.pk}-slot")).to_have_css("margin-top", "0px")
    reply = Message.objects.get(parent_message=message)
    expect(thread(as_ben, message).locator(f"#m-{reply.pk}")).to_be_visible()
    expect(as_ben.locator(".row-last")).to_have_text("You: replied to “Good morning, Ben”")


def test_a_reply_to_a_closed_thread_opens_it(as_ben, message, conversation):
    earlier = reply_to(message, "Good morning, Ana")
    read(message)
    open_conversation(as_ben, conversation)
    expect(article(as_ben, earlier)).to_have_count(0)

    open_reply(as_ben, message).fill("And how are you?")
    as_ben.keyboard.press("Control+Enter")

    expect(saying(as_ben, "And how are you?")).to_be_focused()
    expect(article(as_ben, earlier)).to_be_visible()


def test_a_reply_inside_a_long_thread_is_shown(as_ben, message):
    for number in range(60):
        reply_to(message, f"Thought {number}.")
    as_ben.goto(f"/m/{message.pk}/")

    open_reply(as_ben, message).fill("The sixty-first")
    as_ben.keyboard.press("Control+Enter")

    expect(saying(as_ben, "The sixty-first")).to_be_focused()
    expect(saying(as_ben, "The sixty-first")).to_be_in_viewport()
    # What stands between is one click away.
    as_ben.get_by_role("link", name="10 more replies").click()
    expect(as_ben.locator(".replies article")).to_have_count(61)
    expect(as_ben.get_by_role("link", name="more replies")).to_have_count(0)


def test_a_reply_too_deep_to_be_drawn_leaves_the_focus_on_the_way_to_it(
    as_ben, message, conversation
):
    last = chain(message, 4)
    open_conversation(as_ben, conversation)

    open_reply(as_ben, last).fill("Deeper still")
    as_ben.keyboard.press("Control+Enter")

    link = thread(as_ben, last).get_by_role("link", name="Continue this thread")
    expect(link).to_be_focused()
    link.press("Enter")
    expect(saying(as_ben, "Deeper still")).to_be_visible()


def test_an_empty_reply_comes_back_with_what_is_wrong(as_ben, watch, message, conversation):
    watch.expect_status(422)
    open_conversation(as_ben, conversation)
    box = open_reply(as_ben, message)
    box.fill("   ")

    box.press("Control+Enter")

    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_be_focused()
    expect(box).to_have_accessible_description(re.compile("."))
    expect(as_ben.locator(".slot form")).to_have_count(1)


def test_a_text_that_is_too_long_is_kept(as_ben, watch, message, conversation):
    watch.expect_status(422)
    text = "word " * 4_001
    open_conversation(as_ben, conversation)
    box = open_reply(as_ben, message)
    box.fill(text)

    box.press("Control+Enter")

    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_be_focused()
    assert box.input_value().strip() == text.strip()


# Writing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["the button", "Control+Enter"])
def test_a_message_is_added_to_the_list(as_ben, message, conversation, by):
    open_conversation(as_ben, conversation)
    key = as_ben.locator("#composer [name=client_key]")
    first_key = key.input_value()

    with asked(as_ben) as requests:
        if by == "the button":
            send(as_ben, "Something else")
        else:
            composer(as_ben).fill("Something else")
            composer(as_ben).press(by)
        expect(saying(as_ben, "Something else")).to_be_visible()

    assert requests == [f"POST /c/{conversation.pk}/send/"]
    expect(composer(as_ben)).to_be_focused()
    expect(composer(as_ben)).to_have_value("")
    assert_said(as_ben, "Message sent")
    assert key.input_value() != first_key
    expect(as_ben.locator("#feed > li > article").last).to_contain_text("Something else")
    expect(as_ben.locator(".row-last")).to_have_text("You: Something else")
    assert as_ben.url.endswith(f"/c/{conversation.pk}/")


def test_an_empty_message_comes_back(as_ben, watch, message, conversation):
    watch.expect_status(422)
    open_conversation(as_ben, conversation)

    send(as_ben, "  ")

    expect(composer(as_ben)).to_have_attribute("aria-invalid", "true")
    expect(composer(as_ben)).to_be_focused()
    expect(composer(as_ben)).to_have_accessible_description(re.compile("."))


def test_a_double_click_on_a_plain_form_sends_once(as_ben, ana, ben):
    as_ben.goto(f"/new/?q={ana.username}")
    as_ben.get_by_label("Message", exact=True).fill("Only once")

    as_ben.get_by_role("button", name="Send").dblclick()

    expect(saying(as_ben, "Only once")).to_have_count(1)
    assert Message.objects.filter(sender=ben).count() == 1


# Editing ----------------------------------------------------------------------------------------


@pytest.fixture
def own(ana, ben):
    """A message from ben."""
    return MessageFactory(sender=ben, receiver=ana, content="My plan, first draught")


def test_an_edit_takes_place_where_the_message_stands(as_ben, own, conversation):
    open_conversation(as_ben, conversation)
    with asked(as_ben) as requests:
        box = open_edit(as_ben, own)
    assert requests == [f"GET /m/{own.pk}/edit/"]
    assert box.evaluate("box => box.selectionStart") == len(own.content)

    box.fill("My plan, second draught")
    box.press("Control+Enter")

    expect(article(as_ben, own)).to_be_focused()
    expect(article(as_ben, own).locator(".msg-body")).to_have_text("My plan, second draught")
    expect(article(as_ben, own).get_by_role("button", name="edited")).to_be_visible()
    assert_said(as_ben, "Message edited")
    expect(as_ben.locator(".row-last")).to_have_text("You: My plan, second draught")


@pytest.mark.parametrize("by", ["the link", "Escape"])
def test_an_edit_is_cancelled(as_ben, own, conversation, by):
    open_conversation(as_ben, conversation)
    box = open_edit(as_ben, own)

    if by == "Escape":
        box.press("Escape")
    else:
        article(as_ben, own).get_by_role("link", name="Cancel").click()

    expect(box).to_have_count(0)
    expect(article(as_ben, own)).to_be_focused()
    expect(article(as_ben, own).locator(".msg-body")).to_have_text(own.content)


def test_an_empty_edit_comes_back(as_ben, watch, own, conversation):
    watch.expect_status(422)
    open_conversation(as_ben, conversation)
    box = open_edit(as_ben, own)
    box.fill("")

    box.press("Control+Enter")

    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_be_focused()


def test_an_edit_meanwhile_elsewhere_shows_both_texts(as_ben, watch, own, conversation):
    watch.expect_status(409)
    open_conversation(as_ben, conversation)
    elsewhere = as_ben.context.new_page()
    open_conversation(elsewhere, conversation)
    box = open_edit(as_ben, own)
    box.fill("My plan, from here")
    other = open_edit(elsewhere, own)
    other.fill("My plan, from there")
    other.press("Control+Enter")
    expect(article(elsewhere, own)).to_be_focused()

    as_ben.bring_to_front()
    box.press("Control+Enter")

    notice = article(as_ben, own).get_by_role("alert")
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("My plan, from there")
    expect(box).to_have_value("My plan, from here")
    # Sending it again is meant.
    box.press("Control+Enter")
    expect(article(as_ben, own).locator(".msg-body")).to_have_text("My plan, from here")
    assert own.history.count() == 2


def test_the_history_opens_beside_the_message(as_ben, own, conversation):
    services.edit_message(
        message=own,
        editor=own.sender,
        content="My plan, second draught",
        text_version=own.text_version,
    )
    open_conversation(as_ben, conversation)
    mark = article(as_ben, own).get_by_role("button", name="edited")

    with asked(as_ben) as requests:
        mark.click()
        history = as_ben.get_by_role("dialog", name="Edit history")
        expect(history.locator(".diff ins")).to_have_text("second")

    assert requests == [f"GET /m/{own.pk}/history/"]
    expect(mark).to_be_focused()
    expect(history.locator(".diff del")).to_have_text("first")
    as_ben.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(mark).to_be_focused()
    mark.click()
    expect(history).to_be_visible()
    history.get_by_role("button", name="Close edit history").click()
    expect(history).to_be_hidden()
    expect(mark).to_be_focused()


# Deleting ---------------------------------------------------------------------------------------


def test_a_message_is_deleted_by_a_page_that_says_what_goes(as_ben, own, conversation):
    services.edit_message(
        message=own, editor=own.sender, content="Second draught", text_version=own.text_version
    )
    open_conversation(as_ben, conversation)
    article(as_ben, own).get_by_role("link", name="Delete").click()
    expect(as_ben.locator(".facts")).to_contain_text("Its earlier versions.")

    as_ben.get_by_role("button", name="Delete message").click()

    expect(as_ben.locator("#toasts")).to_contain_text("Message deleted")
    expect(article(as_ben, own)).to_have_count(0)
    expect(as_ben.locator(".feed-empty")).to_be_visible()


def test_a_deleted_message_with_replies_keeps_its_place(as_ben, own, conversation):
    answer = reply_to(own, "A fine plan")
    as_ben.goto(f"/m/{own.pk}/delete/")

    as_ben.get_by_role("button", name="Delete message").click()

    expect(article(as_ben, own)).to_have_text(re.compile(r"Message deleted\s*$"))
    expect(article(as_ben, own)).to_be_focused()
    expect(article(as_ben, answer)).to_be_visible()
    # What closes the thread lies beside the words, not on them.
    toggle = thread(as_ben, own).locator("summary").bounding_box()
    words = as_ben.locator(".gone").bounding_box()
    assert toggle["x"] + toggle["width"] <= words["x"]


# Read and unread --------------------------------------------------------------------------------


def test_a_message_is_marked_read_and_unread_in_place(as_ben, ana, ben, message, conversation):
    MessageFactory(sender=ana, receiver=ben, content="And another")
    open_conversation(as_ben, conversation)
    assert_counts(as_ben, unread=2, bell=0)

    with asked(as_ben) as requests:
        article(as_ben, message).get_by_role("button", name="Mark read").click()
        expect(article(as_ben, message)).to_be_focused()

    assert requests == [f"POST /m/{message.pk}/read/"]
    expect(article(as_ben, message).locator(".unread-mark")).to_have_count(0)
    assert_said(as_ben, "Marked read, 1 left")
    assert_counts(as_ben, unread=1, bell=0)
    expect(as_ben.locator("#unread-here")).to_have_text("1 unread")
    expect(as_ben.locator(".row-c .count")).to_have_text("1")

    article(as_ben, message).get_by_role("button", name="Mark unread").press("Enter")

    expect(article(as_ben, message)).to_be_focused()
    expect(article(as_ben, message).locator(".unread-mark")).to_be_visible()
    assert_said(as_ben, "Marked unread")
    assert_counts(as_ben, unread=2)
    expect(as_ben.locator("#unread-here")).to_have_text("2 unread")


def test_marking_a_card_read_moves_on_to_the_next(as_ben, ana, ben, message):
    middle = MessageFactory(sender=ana, receiver=ben, content="The middle one")
    newest = MessageFactory(sender=ana, receiver=ben, content="The newest one")
    as_ben.goto("/inbox/")
    assert_counts(as_ben, unread=3, bell=0)
    cards = as_ben.locator(".card-u")

    def mark(which):
        as_ben.locator(f"#u-m-{which.pk}").get_by_role("button", name="Mark read").click()

    with asked(as_ben) as requests:
        mark(newest)
        expect(cards).to_have_count(2)
    assert requests == [f"POST /m/{newest.pk}/read/"]
    expect(as_ben.locator(f"#u-m-{middle.pk} h3 a")).to_be_focused()
    assert_said(as_ben, "Marked read, 2 left")
    assert_counts(as_ben, unread=2, bell=0)
    expect(as_ben.locator("#unread-line")).to_have_text("2 messages in 1 conversation")

    mark(message)  # the last of the list: on to the one before
    expect(as_ben.locator(f"#u-m-{middle.pk} h3 a")).to_be_focused()

    mark(middle)
    expect(as_ben.get_by_role("heading", name="Nothing unread")).to_be_visible()
    expect(as_ben.get_by_role("heading", level=1)).to_be_focused()
    expect(as_ben.get_by_role("button", name="Mark all read")).to_be_hidden()
    expect(as_ben.locator("#unread-line")).to_have_text("Everything is read")
    assert_counts(as_ben, unread=0, bell=0)


def test_everything_is_marked_read_at_once(as_ben, ana, ben, message):
    MessageFactory(sender=ana, receiver=ben, content="And another")
    as_ben.goto("/inbox/")

    with asked(as_ben) as requests:
        as_ben.get_by_role("main").get_by_role("button", name="Mark all read").click()
        expect(as_ben.get_by_role("heading", name="Nothing unread")).to_be_visible()

    assert requests == ["POST /inbox/read/"]
    expect(as_ben.get_by_role("heading", level=1)).to_be_focused()
    assert_said(as_ben, "2 messages marked read")
    assert_counts(as_ben, unread=0, bell=0)


def test_a_conversation_is_marked_read_at_once(as_ben, ana, ben, message, conversation):
    reply_to(message, "An afterthought", sender=ana)
    open_conversation(as_ben, conversation)
    expect(as_ben.locator(".unread-mark")).to_have_count(2)

    with asked(as_ben) as requests:
        as_ben.get_by_role("button", name="Mark all read").click()
        expect(as_ben.locator(".unread-mark")).to_have_count(0)

    assert requests == [f"POST /c/{conversation.pk}/read/"]
    expect(as_ben.get_by_role("heading", level=1)).to_be_focused()
    assert_said(as_ben, "2 messages marked read")
    assert_counts(as_ben, unread=0, bell=0)
    expect(as_ben.locator("#unread-here")).to_have_text("Nothing unread")


def test_what_came_after_the_page_stays_unread(as_ben, ana, ben, message, conversation):
    open_conversation(as_ben, conversation)
    select_something(as_ben)
    later = MessageFactory(sender=ana, receiver=ben, content="Just came")

    as_ben.get_by_role("button", name="Mark all read").click()

    expect(article(as_ben, later).locator(".unread-mark")).to_be_visible()
    assert_said(as_ben, "1 message marked read")
    expect(as_ben.get_by_role("heading", level=1)).to_be_focused()
    assert_counts(as_ben, unread=1)


# Reading on sight -------------------------------------------------------------------------------


@pytest.fixture
def cy(person):
    """Somebody who reads on sight."""
    return person("Cy Young", read_on_sight=True)


def unread_of(reader):
    return set(
        Message.objects.filter(receiver=reader, read=False).values_list("content", flat=True)
    )


def test_what_comes_into_view_is_read_and_nothing_else(sign_in, ana, cy):
    root = MessageFactory(sender=ana, receiver=cy, content="At the top")
    for number in range(15):
        MessageFactory(sender=ana, receiver=cy, content=f"Below {number}\n\nand more\n\nand more")
    page = sign_in(cy)

    with asked(page) as requests:
        page.goto(f"/c/{root.conversation_id}/")
        expect(page.locator("#unread-count .count")).not_to_have_text("16")

    left = unread_of(cy)
    last = "Below 14\n\nand more\n\nand more"
    assert last not in left
    assert "At the top" in left
    assert requests.count(f"POST /c/{root.conversation_id}/seen/") == 1
    # Silent: the marks stay, the focus does not move, nothing is said.
    expect(page.locator("article.msg").last.locator(".unread-mark")).to_be_visible()
    expect(page.locator("#live")).to_have_text("")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    assert_counts(page, unread=len(left), bell=0)

    article(page, root).scroll_into_view_if_needed()
    expect(page.locator("#unread-count .count")).not_to_have_text(str(len(left)))
    assert "At the top" not in unread_of(cy)


def test_what_lies_behind_a_pill_stays_unread(sign_in, ana, cy):
    root = MessageFactory(sender=ana, receiver=cy, content="A long thread")
    for number in range(120):
        reply_to(root, f"Reply {number}", sender=ana)
    page = sign_in(cy)

    page.goto(f"/c/{root.conversation_id}/")

    expect(page.locator("#unread-count .count")).not_to_have_text("121")
    page.keyboard.press("Control+Home")
    article(page, root).scroll_into_view_if_needed()
    expect(page.locator("#unread-count .count")).not_to_have_text(str(len(unread_of(cy))))
    left = unread_of(cy)
    assert {f"Reply {number}" for number in range(50, 120)} <= left


def test_a_message_marked_unread_is_not_read_again_at_once(sign_in, ana, cy):
    message = MessageFactory(sender=ana, receiver=cy, content="Come back to this")
    other = MessageFactory(sender=ana, receiver=cy, content="And this")
    read(message)
    page = sign_in(cy)
    page.goto(f"/c/{message.conversation_id}/")
    expect(page.locator("#unread-count .count")).to_have_count(0)  # the other was seen

    article(page, message).get_by_role("button", name="Mark unread").press("Enter")
    expect(article(page, message).locator(".unread-mark")).to_be_visible()
    # Another swap looks for what is unread, and this is in view.
    article(page, other).get_by_role("button", name="Mark read").press("Enter")
    expect(article(page, other)).to_be_focused()

    with pytest.raises(AssertionError):
        expect(page.locator("#unread-count .count")).to_have_count(0, timeout=1500)
    assert unread_of(cy) == {"Come back to this"}


def test_nothing_is_read_on_sight_where_that_is_off(as_ben, message, conversation):
    with asked(as_ben) as requests:
        open_conversation(as_ben, conversation)
        expect(article(as_ben, message)).to_be_in_viewport()
        expect(as_ben.locator("#seen")).to_have_count(0)

    assert not [request for request in requests if "seen" in request]


def test_nothing_is_read_on_a_page_that_nobody_looks_at(sign_in, ana, cy):
    message = MessageFactory(sender=ana, receiver=cy, content="Hello?")
    page = sign_in(cy)
    # Headless browsers show every page: this one says that it is hidden.
    page.add_init_script("""
      window.isHidden = true;
      Object.defineProperty(Document.prototype, "hidden", { get: () => window.isHidden });
    """)
    page.goto(f"/c/{message.conversation_id}/")
    expect(article(page, message)).to_be_in_viewport()
    with pytest.raises(AssertionError):
        expect(page.locator("#unread-count .count")).to_have_count(0, timeout=1500)
    assert unread_of(cy) == {"Hello?"}

    page.evaluate("""() => {
      window.isHidden = false;
      document.dispatchEvent(new Event("visibilitychange"));
    }""")

    expect(page.locator("#unread-count .count")).to_have_count(0)
    assert unread_of(cy) == set()


# Notifications ----------------------------------------------------------------------------------


@pytest.fixture
def answer(ana, ben):
    """An unread reply to what ben wrote."""
    return reply_to(MessageFactory(sender=ben, receiver=ana, content="What ben asked"), "An answer")


def test_the_bell_opens_a_list(as_ben, answer, watch):
    watch.expect("htmx:sendAbort", "htmx:afterRequest")  # it is cleared before it has come anew
    as_ben.goto("/account/")
    bell = as_ben.get_by_role("button", name=re.compile("^Notifications"))

    with asked(as_ben) as requests:
        bell.click()
        expect(as_ben.locator("#notifications .bell")).to_have_count(1)

    assert requests == ["GET /notifications/"]
    expect(as_ben.locator("#notifications .bell")).to_contain_text("Ana Lima replied to you")
    expect(bell).to_be_focused()
    as_ben.keyboard.press("Escape")
    expect(as_ben.locator("#notifications")).to_be_hidden()
    expect(bell).to_be_focused()

    bell.click()
    as_ben.locator("#notifications").get_by_role("button", name="Mark all read").click()
    expect(as_ben.locator("#notifications .bell .count")).to_have_count(0)
    expect(as_ben.locator("#bell-h")).to_be_focused()
    assert_said(as_ben, "Notifications marked read")
    assert_counts(as_ben, unread=0, bell=0)

    as_ben.locator("#notifications .bell").click()
    expect(article(as_ben, answer)).to_be_focused()


def test_the_bell_is_cleared_while_its_list_is_asked_for_again(as_ben, answer, watch):
    watch.expect("htmx:sendAbort", "htmx:afterRequest")  # nobody needs the list any more
    as_ben.goto("/account/")
    bell = as_ben.get_by_role("button", name=re.compile("^Notifications"))
    bell.click()
    expect(as_ben.locator("#notifications .bell")).to_have_count(1)
    as_ben.keyboard.press("Escape")
    held = []
    as_ben.route("**/notifications/", lambda route: held.append(route), times=1)

    bell.click()
    # The list as it was before would take the form with it, and its answer would find no counts.
    with as_ben.expect_event("requestfailed", lambda request: request.url.endswith("ications/")):
        as_ben.locator("#notifications").get_by_role("button", name="Mark all read").click()

    assert_said(as_ben, "Notifications marked read")
    assert_counts(as_ben, unread=0, bell=0)
    expect(as_ben.locator("#notifications .bell .count")).to_have_count(0)


def test_the_page_of_notifications_is_cleared(as_ben, answer):
    as_ben.goto("/notifications/")

    as_ben.get_by_role("main").get_by_role("button", name="Mark all read").click()

    expect(as_ben.locator(".bell .count")).to_have_count(0)
    assert_said(as_ben, "Notifications marked read")
    assert_counts(as_ben, unread=0, bell=0)
    expect(as_ben.get_by_role("heading", level=1)).to_be_focused()


# Writing to somebody ----------------------------------------------------------------------------


def test_people_are_found_while_one_types(as_ben, person):
    first, second = person("Xenia Bloom"), person("Xenia Wold")
    as_ben.goto("/inbox/")
    as_ben.get_by_role("link", name="New message").click()
    box = as_ben.get_by_label("To")
    expect(box).to_be_focused()

    box.press_sequentially("xenia")

    expect(as_ben.locator("[data-found-by=xenia]").get_by_role("radio")).to_have_count(2)
    expect(box).to_be_focused()
    assert_said(as_ben, "2 people match")
    box.fill(first.username)
    expect(as_ben.get_by_role("radio")).to_have_count(1)
    expect(as_ben.get_by_role("radio")).to_be_checked()
    assert_said(as_ben, "1 person matches")
    box.fill("nobody at all")
    expect(as_ben.locator("#people")).to_contain_text("Nobody here is called “nobody at all”.")
    assert second.username not in as_ben.content()


def test_enter_chooses_the_first_person_found_and_goes_on_to_the_message(as_ben, person):
    first, _second = person("Zoltán Tamm"), person("Zoltán Umm")
    as_ben.goto("/new/")
    message = as_ben.get_by_label("Message", exact=True)

    as_ben.get_by_label("To", exact=True).press_sequentially("tamm zoltan")
    as_ben.keyboard.press("Enter")  # before the answer comes

    expect(message).to_be_focused()
    expect(as_ben.get_by_role("radio", checked=True)).to_have_value(str(first.pk))
    message.fill("Straight on")
    as_ben.get_by_label("To", exact=True).fill("zoltan")
    expect(as_ben.get_by_role("radio")).to_have_count(2)
    as_ben.get_by_label("To", exact=True).press("Enter")
    expect(message).to_be_focused()
    as_ben.get_by_role("button", name="Send").click()
    expect(saying(as_ben, "Straight on")).to_have_count(1)
    assert Message.objects.get(content="Straight on").receiver == first


def test_enter_after_a_name_that_nobody_has_stays_there(as_ben):
    as_ben.goto("/new/")
    box = as_ben.get_by_label("To", exact=True)

    box.fill("nobody at all")
    box.press("Enter")

    expect(as_ben.locator("#people")).to_contain_text("Nobody here is called")
    expect(box).to_be_focused()
    expect(box).to_have_value("nobody at all")


def test_back_and_send_again_sends_nothing_twice(as_ben, ben, ana):
    as_ben.goto(f"/new/?q={ana.username}")
    as_ben.get_by_label("Message", exact=True).fill("Once is enough")
    as_ben.get_by_role("button", name="Send").click()
    expect(saying(as_ben, "Once is enough")).to_have_count(1)

    as_ben.go_back()
    expect(as_ben.get_by_label("Message", exact=True)).to_have_value("Once is enough")
    as_ben.get_by_role("button", name="Send").click()

    expect(saying(as_ben, "Once is enough")).to_have_count(1)
    assert Message.objects.filter(sender=ben).count() == 1


def test_back_and_a_changed_text_asks_before_it_sends_another(as_ben, watch, ben, ana):
    watch.expect_status(409)
    as_ben.goto(f"/new/?q={ana.username}")
    as_ben.get_by_label("Message", exact=True).fill("The first text")
    as_ben.get_by_role("button", name="Send").click()
    expect(saying(as_ben, "The first text")).to_have_count(1)

    as_ben.go_back()
    as_ben.get_by_label("Message", exact=True).fill("The second text")
    as_ben.get_by_role("button", name="Send").click()

    expect(as_ben.get_by_role("alert")).to_contain_text("was sent already")
    as_ben.get_by_role("button", name="Send").click()
    expect(saying(as_ben, "The second text")).to_have_count(1)
    assert Message.objects.filter(sender=ben).count() == 2


def test_back_and_reply_again_on_the_page_of_a_reply_sends_nothing_twice(as_ben, ben, message):
    as_ben.goto(f"/m/{message.pk}/reply/")
    as_ben.get_by_role("textbox", name="Reply to").fill("Once is enough")
    as_ben.get_by_role("button", name="Reply", exact=True).click()
    expect(saying(as_ben, "Once is enough")).to_have_count(1)

    as_ben.go_back()
    expect(as_ben.get_by_role("textbox", name="Reply to")).to_have_value("Once is enough")
    as_ben.get_by_role("button", name="Reply", exact=True).click()

    expect(saying(as_ben, "Once is enough")).to_have_count(1)
    assert Message.objects.filter(sender=ben).count() == 1


def test_a_message_to_nobody_comes_back_with_its_text(as_ben, watch):
    watch.expect_status(422)
    as_ben.goto("/new/")
    as_ben.get_by_label("Message", exact=True).fill("To whom it may concern")

    as_ben.get_by_role("button", name="Send").click()

    expect(as_ben.get_by_role("alert")).to_be_focused()
    expect(as_ben).to_have_title(re.compile("^Error: "))
    expect(as_ben.get_by_label("Message", exact=True)).to_have_value("To whom it may concern")


# The first visit --------------------------------------------------------------------------------


def test_the_sign_up_offers_the_time_zone_of_the_browser_and_pages_follow_it(context, sign_in, ana):
    page = context(timezone_id="Asia/Tokyo").new_page()
    page.goto("/accounts/signup/")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")

    message = MessageFactory(sender=ana, receiver=UserFactory(), timestamp="2026-03-02T12:00Z")
    page = sign_in(ana, timezone_id="Asia/Tokyo")
    page.goto("/inbox/")
    page.goto(f"/c/{message.conversation_id}/")

    expect(page.locator(f"#m-{message.pk} time")).to_contain_text("21:00")


def test_the_link_of_an_invitation_is_copied_by_a_button(sign_in, person):
    root = person("Root")
    get_user_model().objects.filter(pk=root.pk).update(is_superuser=True)
    page = sign_in(root, permissions=["clipboard-read", "clipboard-write"])
    page.goto("/inbox/")
    page.evaluate(
        """() => {
            const button = document.createElement("button");
            button.type = "submit";
            document.querySelector("#actions").action = "/account/invite/";
            document.querySelector("#actions").append(button);
            button.click();
        }"""
    )
    link = page.get_by_label("Link", exact=True).input_value()

    page.get_by_role("button", name="Copy link").click()

    expect(page.get_by_role("button", name="The link is copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link


# More of a list ---------------------------------------------------------------------------------


def test_more_conversations_are_listed(as_ben, ben):
    for _ in range(33):
        MessageFactory(sender=UserFactory(), receiver=ben)
    as_ben.goto("/inbox/")
    rows = as_ben.locator(".row-c")
    expect(rows).to_have_count(30)

    as_ben.locator(".rows").get_by_role("link", name="Show more").click()

    expect(rows).to_have_count(33)
    expect(rows.nth(30)).to_be_focused()


def test_more_cards_and_notifications_are_listed(as_ben, ana, ben):
    for number in range(55):
        MessageFactory(sender=ana, receiver=ben, content=f"Number {number}")
    as_ben.goto("/inbox/")
    cards = as_ben.locator(".card-u")
    expect(cards).to_have_count(50)

    as_ben.locator(".groups").get_by_role("link", name="Show more").click()

    expect(cards).to_have_count(55)
    expect(as_ben.locator(".grp").nth(1).locator("h2 a")).to_be_focused()

    for number in range(105):
        reply_to(MessageFactory(sender=ben, receiver=ana), f"Answer {number}")
    as_ben.goto("/notifications/")
    bells = as_ben.locator(".bell")
    expect(bells).to_have_count(100)
    as_ben.get_by_role("main").get_by_role("link", name="Show more").click()
    expect(bells).to_have_count(105)
    expect(bells.nth(100)).to_be_focused()


def test_the_line_of_the_inbox_sends_and_what_is_typed_there_stays(as_ben, ana, ben, message):
    as_ben.goto("/inbox/")
    line = as_ben.get_by_label("Message to Ana Lima")
    line.fill("Half a senten")

    # The list is drawn anew, because something has come.
    MessageFactory(sender=ana, receiver=ben, content="And one thing more")
    as_ben.locator("#new-pill a").click()
    expect(as_ben.locator(".card-u")).to_have_count(2)
    expect(line).to_have_value("Half a senten")

    line.press("End")
    line.press_sequentially("ce")
    line.press("Enter")

    expect(as_ben).to_have_url(re.compile(rf"/c/{message.conversation_id}/#m-\d+$"))
    expect(saying(as_ben, "Half a sentence")).to_be_in_viewport()
    assert ben.sent_messages.get().content == "Half a sentence"


def test_the_browser_asks_before_it_leaves_a_line_of_the_inbox(as_ben, message):
    as_ben.goto("/inbox/")
    as_ben.get_by_label("Message to Ana Lima").press_sequentially("Not yet sent")
    asked_by = []
    as_ben.on("dialog", lambda dialog: (asked_by.append(dialog.type), dialog.accept()))

    as_ben.locator(".row-c").first.click()

    expect(as_ben).to_have_url(re.compile(rf"/c/{message.conversation_id}/"))
    assert asked_by == ["beforeunload"]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_menu_of_a_conversation_changes_its_order(as_ben, ana, ben, message, width):
    reply_to(message, "The answer")
    MessageFactory(sender=ben, receiver=ana, content="Begun later")
    reply_to(message, "The second answer")
    as_ben.set_viewport_size({"width": width, "height": 800})
    open_conversation(as_ben, message.conversation)
    articles = as_ben.locator("#feed > .node > article")
    expect(articles.last).to_contain_text("Begun later")

    as_ben.get_by_role("button", name="Order and print").click()
    as_ben.get_by_role("button", name="Latest activity last").click()

    expect(articles.last).to_have_attribute("id", f"m-{message.pk}")
    as_ben.get_by_role("button", name="Order and print").click()
    chosen = as_ben.get_by_role("button", name="Latest activity last")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    as_ben.get_by_role("link", name="Print the whole conversation").click()
    expect(as_ben.locator(".printed-message")).to_have_count(4)
    expect(as_ben.get_by_role("button", name="Print", exact=True)).to_be_visible()
