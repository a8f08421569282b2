"""Single keys: they move between messages and press what is there."""

import re

import pytest
from playwright.sync_api import expect

from messaging import services
from messaging.models import Message
from tests.browser.pages import article, asked, composer, open_conversation, saying, thread
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.browser


@pytest.fixture
def messages(ana, ben):
    """What ben sees: a message of ana with a reply of his, one of his own, one that is unread."""
    first = MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")
    reply_to(first, "Good morning, Ana")
    services.mark_as_read(reader=ben, messages=Message.objects.filter(pk=first.pk))
    own = MessageFactory(sender=ben, receiver=ana, content="My plan, first draught")
    services.edit_message(
        message=own, editor=ben, content="My plan, second draught", text_version=own.text_version
    )
    unread = MessageFactory(sender=ana, receiver=ben, content="A fine plan")
    return first, own, unread


@pytest.fixture
def page(as_ben, messages, conversation):
    """The conversation, with the focus in the list."""
    open_conversation(as_ben, conversation)
    article(as_ben, messages[0]).focus()
    return as_ben


def test_j_and_k_move_between_messages(page, messages):
    first, own, unread = (article(page, message) for message in messages)
    expect(first).to_be_focused()
    for key, place in [("j", own), ("j", unread), ("j", unread), ("k", own)]:
        page.keyboard.press(key)
        expect(place).to_be_focused()
        expect(place).to_be_in_viewport()
    # The ring is seen.
    expect(own).to_have_css("outline-style", "solid")


def test_n_moves_to_the_next_unread_message(page, messages):
    page.keyboard.press("n")
    expect(article(page, messages[2])).to_be_focused()


@pytest.mark.parametrize("key", ["o", "Enter"])
def test_the_thread_below_opens_and_closes(page, messages, key):
    first = messages[0]
    page.keyboard.press(key)
    summary = thread(page, first).locator("summary").first
    expect(summary).to_be_focused()
    article(page, first).focus()
    page.keyboard.press(key)
    expect(thread(page, first).locator("article")).to_be_hidden()
    page.keyboard.press(key)
    expect(thread(page, first).locator("article")).to_be_visible()


def test_r_replies_and_escape_comes_back(page, messages):
    page.keyboard.press("r")
    box = page.locator(".slot textarea")
    expect(box).to_be_focused()
    # Silent in a field: these are letters.
    page.keyboard.type("jkreuohcn?gi")
    expect(box).to_have_value("jkreuohcn?gi")
    expect(page.locator("#keys")).to_be_hidden()
    box.fill("")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(article(page, messages[0]).get_by_role("link", name="Reply")).to_be_focused()


def test_e_edits_what_is_ones_own(page, messages):
    page.keyboard.press("e")
    page.keyboard.press("j")
    page.keyboard.press("e")
    box = page.locator(".is-editing textarea")
    expect(box).to_be_focused()
    expect(box).to_have_count(1)
    page.keyboard.press("Escape")
    expect(article(page, messages[1])).to_be_focused()


def test_u_marks_unread_and_read(page, messages):
    unread = article(page, messages[2])
    page.keyboard.press("n")
    page.keyboard.press("u")
    expect(unread.locator(".unread-mark")).to_have_count(0)
    expect(unread).to_be_focused()
    page.keyboard.press("u")
    expect(unread.locator(".unread-mark")).to_have_count(1)
    expect(unread).to_be_focused()


def test_h_shows_the_history(page, messages):
    page.keyboard.press("j")
    page.keyboard.press("h")
    history = page.get_by_role("dialog", name="Edit history")
    expect(history.locator(".diff ins")).to_have_text("second")
    # Silent while something is open, but for what closes it.
    with asked(page) as requests:
        page.keyboard.press("j")
        page.keyboard.press("r")
    assert requests == []
    page.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(article(page, messages[1])).to_be_focused()


def test_c_writes_and_g_i_goes_to_the_inbox(page):
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(r"/new/$"))
    # The search for people has the focus: there, letters are letters.
    expect(page.get_by_label("To")).to_be_focused()
    page.get_by_role("main").evaluate("main => main.focus()")
    page.keyboard.press("i")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_title(re.compile("Inbox · Parley$"))


def test_the_slash_goes_to_the_search(page):
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox").first).to_be_focused()
    page.keyboard.type("plan/")
    expect(page.get_by_role("searchbox").first).to_have_value("plan/")


def test_the_cards_of_the_inbox_have_keys_too(page, ana, ben, messages):
    newer = MessageFactory(sender=ana, receiver=ben, content="One more")
    page.goto("/inbox/")

    page.keyboard.press("j")
    expect(page.locator(f"#u-m-{messages[2].pk} h3 a")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator(".card-u")).to_have_count(1)
    expect(page.locator(f"#u-m-{newer.pk} h3 a")).to_be_focused()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(rf"/m/{newer.pk}/#m-{newer.pk}$"))
    expect(article(page, newer)).to_be_focused()
    page.goto("/inbox/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(r"/reply/$"))
    expect(page.get_by_role("main").locator("textarea")).to_be_focused()


def test_the_question_mark_lists_the_keys(page):
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("button")).to_be_focused()
    box = sheet.bounding_box()
    assert box["y"] + box["height"] <= 900
    assert abs(box["x"] + box["width"] / 2 - 640) < 10
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("article.msg").first).to_be_focused()


def test_the_list_names_every_key_and_no_other(page):
    named = page.locator("#keys kbd").all_text_contents()
    assert sorted(named) == sorted([*"jknreuohc/gi?", "Enter", "Ctrl", "Enter", "Esc"])


def test_keys_do_nothing_with_a_modifier(page, messages):
    with asked(page) as requests:
        for key in ["Alt+r", "Control+e", "Alt+c"]:
            page.keyboard.press(key)
    assert requests == []
    page.keyboard.press("Alt+j")
    expect(article(page, messages[0])).to_be_focused()


def test_keys_are_silent_where_that_is_chosen(sign_in, person, ana):
    ben = person("Ben Ode", read_on_sight=False, single_keys=False)
    message = MessageFactory(sender=ana, receiver=ben)
    page = sign_in(ben)
    open_conversation(page, message.conversation)
    page.get_by_role("main").focus()

    with asked(page) as requests:
        for key in ["j", "n", "r", "u", "c", "g", "i", "?"]:
            page.keyboard.press(key)

    assert requests == []
    expect(page.locator("article:focus")).to_have_count(0)
    expect(page.locator("#keys")).to_have_count(0)
    # What is no single key works all the same.
    composer(page).fill("Sent")
    composer(page).press("Control+Enter")
    expect(page.locator(".msg-body", has_text="Sent")).to_be_visible()


def test_what_is_typed_right_after_opening_goes_into_the_box(as_ben, messages, conversation):
    open_conversation(as_ben, conversation)

    as_ben.keyboard.type("can you come?")

    expect(composer(as_ben)).to_have_value("can you come?")
    assert "/c/" in as_ben.url


def test_escape_leads_from_the_empty_box_to_the_last_message_in_view(page, messages):
    composer(page).focus()

    page.keyboard.press("Escape")
    expect(article(page, messages[2])).to_be_focused()
    page.keyboard.press("k")
    expect(article(page, messages[1])).to_be_focused()


def test_the_arrow_up_in_an_empty_box_edits_ones_last_message(page, messages):
    composer(page).fill("Something")
    composer(page).press("ArrowUp")
    expect(page.locator(".is-editing")).to_have_count(0)

    composer(page).fill("")
    composer(page).press("ArrowUp")

    expect(article(page, messages[1]).locator("textarea")).to_be_focused()


def test_enter_sends_and_shift_enter_begins_a_line(page):
    composer(page).focus()
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(composer(page)).to_have_value("One\ntwo")

    page.keyboard.press("Enter")

    expect(saying(page, "two")).to_be_visible()
    expect(composer(page)).to_have_value("")


def test_where_that_is_chosen_enter_begins_a_line_and_control_enter_sends(sign_in, person, ana):
    ben = person("Ben Ode", read_on_sight=False, enter_sends=False)
    page = sign_in(ben)
    open_conversation(page, MessageFactory(sender=ana, receiver=ben).conversation)
    composer(page).focus()

    page.keyboard.type("One")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(composer(page)).to_have_value("One\ntwo")
    page.keyboard.press("Control+Enter")

    expect(saying(page, "two")).to_be_visible()


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_nothing_is_sent_while_an_input_method_composes(page, key):
    composer(page).fill("にほん")
    keys = {"key": "Enter", "ctrlKey": "Control" in key, "isComposing": True, "bubbles": True}

    with asked(page) as requests:
        composer(page).dispatch_event("keydown", keys)

    assert requests == []
    expect(composer(page)).to_have_value("にほん")


def test_one_can_answer_by_tab_and_enter_alone(as_ben, messages, conversation):
    """From the top of the page to a reply that was sent, by what every keyboard has."""
    open_conversation(as_ben, conversation)
    page = as_ben
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    reply = article(page, messages[0]).get_by_role("link", name="Reply")
    for _ in range(12):
        page.keyboard.press("Tab")
        if reply.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator(".slot textarea")).to_be_focused()
    page.keyboard.type("By hand")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("article.msg", has_text="By hand").last).to_be_focused()
