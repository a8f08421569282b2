"""What tests look at and do on pages, in the words of the interface."""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from messaging.models import Conversation, Message


def open_conversation(page: Page, conversation: Conversation) -> None:
    page.goto(f"/c/{conversation.pk}/")


def article(page: Page, message: Message) -> Locator:
    return page.locator(f"#m-{message.pk}")


def thread(page: Page, message: Message) -> Locator:
    return page.locator(f"#m-{message.pk}-thread")


def saying(page: Page, text: str) -> Locator:
    """The article whose text is `text`."""
    return page.locator("article.msg").filter(has=page.locator(".msg-body", has_text=text))


def composer(page: Page) -> Locator:
    return page.locator("#composer textarea")


def send(page: Page, text: str) -> None:
    composer(page).fill(text)
    page.locator("#composer").get_by_role("button", name="Send").click()


def open_reply(page: Page, message: Message) -> Locator:
    """The text box that opens below `message`."""
    article(page, message).get_by_role("link", name="Reply").click()
    box = page.locator(f"#m-{message.pk}-slot textarea")
    expect(box).to_be_focused()
    return box


def open_edit(page: Page, message: Message) -> Locator:
    article(page, message).get_by_role("link", name="Edit").click()
    box = article(page, message).locator("textarea")
    expect(box).to_be_focused()
    return box


def select_something(page: Page) -> None:
    """The reader has selected text, so that new messages wait behind the pill."""
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.msg-body'))")


def assert_said(page: Page, text: str) -> None:
    """What a screen reader was told. The region it listens to is the one of the page."""
    expect(page.locator("#live")).to_have_text(text)
    expect(page.locator("#live")).to_have_attribute("role", "status")
    expect(page.locator("#live")).to_have_count(1)


def assert_toast(page: Page, text: str) -> Locator:
    toast = page.locator("#toasts [role=alert]")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text(text)
    return toast


def assert_counts(page: Page, *, unread: int, bell: int | None = None) -> None:
    """Badge, title and bell; 0 is not shown."""
    for place, number in (("#unread-count", unread), ("#bell-count", bell)):
        if number is None:
            continue
        if number:
            expect(page.locator(f"{place} .count")).to_have_text(str(number))
        else:
            expect(page.locator(f"{place} .count")).to_have_count(0)
    # The title follows a moment after the swap.
    expect(page).to_have_title(re.compile(rf"^\({unread}\) " if unread else r"^(?!\()"))


@contextmanager
def asked(page: Page, *, live: bool = False):
    """What the page asks the server for meanwhile, but for files: "POST /m/3/read/". What it asks
    because there is news, whenever that comes, counts only if it is about that: `live`.
    """
    requests: list[str] = []

    def note(request):
        parts = urlsplit(request.url)
        news = parts.path.endswith("/changes/") or parts.path == "/live/"
        if parts.path.startswith("/static/") or (news and not live):
            return
        query = f"?{parts.query}" if parts.query else ""
        requests.append(f"{request.method} {parts.path}{query}")

    page.on("request", note)
    yield requests
    page.remove_listener("request", note)
