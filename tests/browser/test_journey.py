"""Two people talk, from signing up to the end: with JavaScript, and the same without.

Every step is a link or a button that both kinds of browser have; where they differ, the place is
different (a page of its own instead of a box below the message), not what one does.
"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD, numbers

pytestmark = pytest.mark.browser


def sign_up(page: Page, name: str) -> str:
    """Make an account by the page; the username."""
    username = f"{name.split()[0].lower()}{next(numbers)}"
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_title("Inbox · Parley")
    return username


def sign_in_again(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username or e-mail address").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def message(page: Page, text: str) -> Locator:
    """The article that says `text`."""
    return page.locator("article.msg").filter(has=page.locator(".msg-body", has_text=text))


def write_first(page: Page, to: str, name: str, text: str) -> None:
    page.goto("/new/")
    page.get_by_label("To").fill(to)
    find = page.get_by_role("button", name="Find")
    if find.is_visible():
        find.click()
    expect(page.get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio", name=re.compile(name)).check()
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()
    expect(message(page, text)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/c/\d+/#m-\d+$"))


def reply(page: Page, to: str, text: str) -> None:
    message(page, to).get_by_role("link", name="Reply").click()
    page.locator("form.box textarea").fill(text)
    page.locator("form.box").get_by_role("button", name="Reply").click()
    expect(message(page, text)).to_be_visible()
    expect(message(page, text)).to_be_focused()


def assert_counts(page: Page, unread: int, cards: int | None = None) -> None:
    """The inbox, its cards, the badge, the title and the rows say the same."""
    page.goto("/inbox/")
    expect(page).to_have_title(f"({unread}) Inbox · Parley" if unread else "Inbox · Parley")
    expect(page.locator(".card-u")).to_have_count(unread if cards is None else cards)
    for count in ("#unread-count .count", "#conversation-list .count"):
        if unread:
            expect(page.locator(count)).to_have_text(str(unread))
        else:
            expect(page.locator(count)).to_have_count(0)
    line = page.locator("#unread-line")
    expect(line).to_contain_text(f"{unread} message" if unread else "Everything is read")


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripts(request):
    return request.param


def test_the_whole_journey(context, watch, scripts):
    watch.expect_status(422)  # a wrong password, twice
    ann = context(java_script_enabled=scripts).new_page()
    bob = context(java_script_enabled=scripts).new_page()
    ann_name, bob_name = sign_up(ann, "Ann Ray"), sign_up(bob, "Bob Finn")
    # Reading on sight would read what this test reads by hand.
    bob.goto("/account/")
    bob.get_by_label("Mark messages as read when I see them").uncheck()
    bob.locator("section", has_text="Reading").get_by_role("button", name="Save").click()
    expect(bob.get_by_text("Your settings are saved.")).to_be_visible()

    # They find each other and write.
    expect(ann.get_by_role("heading", name="Welcome, Ann")).to_have_count(1)
    write_first(ann, bob_name, "Bob Finn", "Shall we meet on Friday?")
    assert_counts(bob, 1)
    bob.locator(".card-u").get_by_role("link", name="Ann Ray", exact=True).click()
    expect(message(bob, "Shall we meet on Friday?")).to_contain_text("unread")

    # Replies, three deep.
    reply(bob, "Shall we meet on Friday?", "Friday is fine.")
    ann.goto("/inbox/")
    ann.locator(".card-u").get_by_role("link", name="Bob Finn", exact=True).click()
    reply(ann, "Friday is fine.", "At noon, then.")
    bob.goto("/inbox/")
    bob.locator(".card-u").last.get_by_role("link", name="Ann Ray", exact=True).click()
    reply(bob, "At noon, then.", "Noon it is.")

    # A read thread is closed, and opens.
    read_everything(bob)
    bob.goto("/inbox/")
    bob.locator(".row-c", has_text="Ann Ray").click()
    expect(message(bob, "Noon it is.")).to_have_count(0)
    bob.get_by_role("link", name=re.compile("3 replies")).click()
    expect(message(bob, "Noon it is.")).to_be_visible()

    edit_and_look_back(ann, bob)
    read_and_unread(ann, bob)
    delete_messages(ann, bob)
    notifications(ann, bob, scripts)
    settings(bob)
    leave_and_come_back(bob, bob_name)
    delete_account(ann, bob, ann_name)


def read_everything(page: Page) -> None:
    page.goto("/inbox/")
    page.get_by_role("main").get_by_role("button", name="Mark all read").click()
    expect(page.get_by_role("heading", name="Nothing unread")).to_be_visible()
    expect(page.locator("#unread-line")).to_have_text("Everything is read")
    expect(page.get_by_role("button", name="Mark all read")).to_be_hidden()


def edit_and_look_back(ann: Page, bob: Page) -> None:
    ann.goto("/inbox/")
    ann.locator(".row-c", has_text="Bob Finn").click()
    first = message(ann, "Shall we meet on Friday?")
    first.get_by_role("link", name="Edit").click()
    box = ann.locator("form.box textarea")
    expect(box).to_have_value("Shall we meet on Friday?")
    box.fill("Shall we meet on Saturday?")
    ann.get_by_role("button", name="Save").click()
    edited = message(ann, "Shall we meet on Saturday?")
    expect(edited).to_be_focused()
    expect(edited.get_by_role("button", name="edited")).to_be_visible()

    bob.reload()
    mark = message(bob, "Shall we meet on Saturday?").get_by_role("button", name="edited")
    mark.click()
    history = bob.get_by_role("dialog", name="Edit history")
    expect(history).to_be_visible()
    full = history.get_by_role("link", name="Open full history")
    expect(full).to_be_visible()
    full.click()
    expect(bob.get_by_role("heading", name="Edit history").first).to_be_visible()
    expect(bob.locator(".versions > li")).to_have_count(2)
    expect(bob.locator(".versions del").first).to_contain_text("Friday")
    expect(bob.locator("ins").first).to_contain_text("Saturday")
    expect(bob.locator(".versions summary").first).to_contain_text("Ann Ray edited")


def read_and_unread(ann: Page, bob: Page) -> None:
    write_more(ann, "Bob Finn", "One thing more.")
    write_more(ann, "Bob Finn", "And another.")
    assert_counts(bob, 2)
    # One by one in the conversation, and back again.
    bob.locator(".row-c", has_text="Ann Ray").click()
    one = message(bob, "One thing more.")
    one.get_by_role("button", name="Mark read").click()
    expect(one.locator(".unread-mark")).to_have_count(0)
    assert_counts(bob, 1)
    bob.go_back()
    one.get_by_role("button", name="Mark unread").click()
    expect(one.locator(".unread-mark")).to_be_visible()
    assert_counts(bob, 2)
    # One from the inbox.
    bob.locator(".card-u", has_text="And another.").get_by_role("button").click()
    expect(bob.locator(".card-u")).to_have_count(1)
    assert_counts(bob, 1)
    # All of the conversation.
    bob.locator(".row-c", has_text="Ann Ray").click()
    bob.get_by_role("main").get_by_role("button", name="Mark all read").click()
    expect(bob.locator(".unread-mark")).to_have_count(0)
    expect(bob.locator("#unread-here")).to_have_text("Nothing unread")
    assert_counts(bob, 0)


def write_more(page: Page, to: str, text: str) -> None:
    page.goto("/inbox/")
    page.locator(".row-c", has_text=to).click()
    page.get_by_label(f"Message to {to}").fill(text)
    page.locator("#composer").get_by_role("button", name="Send").click()
    expect(message(page, text)).to_be_visible()


def delete_messages(ann: Page, bob: Page) -> None:
    ann.goto("/inbox/")
    ann.locator(".row-c", has_text="Bob Finn").click()
    delete(ann, "And another.")
    expect(ann.get_by_text("Message deleted").first).to_be_visible()
    # With replies below, it keeps its place.
    ann.goto("/inbox/")
    ann.locator(".row-c", has_text="Bob Finn").click()
    delete(ann, "Shall we meet on Saturday?")
    expect(ann.locator("article .gone")).to_have_text("Message deleted")
    expect(message(ann, "Friday is fine.")).to_be_visible()

    bob.goto("/inbox/")
    bob.locator(".row-c", has_text="Ann Ray").click()
    expect(bob.locator("article .gone")).to_have_count(1)
    expect(message(bob, "One thing more.")).to_be_visible()
    expect(message(bob, "And another.")).to_have_count(0)
    expect(bob.get_by_text("Saturday")).to_have_count(0)


def delete(page: Page, text: str) -> None:
    message(page, text).get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete this message?")).to_be_visible()
    page.get_by_role("button", name="Delete message").click()
    expect(message(page, text)).to_have_count(0)


def notifications(ann: Page, bob: Page, scripts: bool) -> None:
    write_more(bob, "Ann Ray", "Does the bell ring?")
    ann.goto("/inbox/")
    ann.locator(".row-c", has_text="Bob Finn").click()
    reply(ann, "Does the bell ring?", "Did you see the bell?")
    bob.goto("/inbox/")
    expect(bob.locator("#bell-count .count")).to_have_text("1")
    bob.get_by_role("button", name="Notifications").click()
    if scripts:  # the list that comes replaces the link
        expect(bob.locator("#notifications .bell").first).to_be_visible()
    bob.get_by_role("link", name="All notifications").click()
    expect(bob.get_by_role("heading", name="Notifications", level=1)).to_be_visible()
    newest = bob.locator(".page .bell").first
    expect(newest).to_contain_text("Ann Ray replied to you")
    expect(newest).to_contain_text("Did you see the bell?")
    bob.get_by_role("main").get_by_role("button", name="Mark all read").click()
    expect(bob.locator("#bell-count .count")).to_have_count(0)
    # Clearing the bell reads what it told of.
    assert_counts(bob, 0)
    bob.goto("/notifications/")
    bob.locator(".page .bell").first.click()
    expect(message(bob, "Did you see the bell?")).to_be_visible()
    expect(bob).to_have_url(re.compile(r"/m/\d+/#m-\d+$"))


def settings(page: Page) -> None:
    page.get_by_role("link", name="Your account").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    page.get_by_label("Dark").check()
    page.get_by_label("Time zone").fill("Tokyo")
    page.locator("section", has_text="Reading").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your settings are saved.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")


def leave_and_come_back(page: Page, username: str) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/inbox/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next="))
    sign_in_again(page, username, "something else entirely")
    expect(page.get_by_role("alert")).to_contain_text("You are not signed in.")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    sign_in_again(page, username, PASSWORD)
    expect(page).to_have_title("Inbox · Parley")


def delete_account(ann: Page, bob: Page, ann_name: str) -> None:
    ann.goto("/account/")
    ann.get_by_role("link", name="Delete my account").click()
    expect(ann.get_by_role("heading", name="This cannot be undone")).to_be_visible()
    ann.get_by_label("Current password").fill("something else entirely")
    ann.get_by_label("I understand").check()
    ann.get_by_role("button", name="Delete my account").click()
    expect(ann.get_by_role("alert")).to_contain_text("Your account was not deleted.")
    ann.get_by_label("Current password").fill(PASSWORD)
    ann.get_by_label("I understand").check()
    ann.get_by_role("button", name="Delete my account").click()
    expect(ann.get_by_role("heading", name="Goodbye")).to_be_visible()

    where = bob.url
    bob.goto("/inbox/")
    expect(bob.locator("#conversation-list .row-c")).to_have_count(0)
    bob.goto("/new/")
    bob.get_by_label("To").fill(ann_name)
    find = bob.get_by_role("button", name="Find")
    if find.is_visible():
        find.click()
    expect(bob.get_by_text(f"Nobody here is called “{ann_name}”.")).to_be_visible()
    assert where
