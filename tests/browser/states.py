"""The pages of Parley, and the states they can be in, each one step away from an address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from messaging import services
from messaging.models import Conversation, Message
from tests.browser.pages import open_edit, open_reply, thread
from tests.factories import MessageFactory, chain, reply_to

LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
LINK = "https://example.org/" + "a-very-long-path-without-a-break-" * 6


@dataclass
class Sample:
    """A reader with a bit of everything."""

    reader: User
    conversation: Conversation
    deep: Message  # six levels below it, the last one unread
    closed: Message  # its replies are read
    own: Message  # edited twice
    unread: Message


def make_sample(reader: User, other: User, third: User) -> Sample:
    def to_reader(content, sender=other, **fields):
        return MessageFactory(sender=sender, receiver=reader, content=content, **fields)

    to_reader("لم أقرأ الرسالة بعد، سأكتب لك غدًا.", sender=third)
    closed = to_reader(f"Two paragraphs.\n\nAnd a link: {LINK}")
    for number in range(3):
        reply_to(closed, f"Thought {number}.")
    services.mark_as_read(reader=reader, messages=Message.objects.filter(pk=closed.pk))
    own = MessageFactory(sender=reader, receiver=other, content="My plan, first draught")
    for draught in ("second", LONG_WORD):
        services.edit_message(
            message=own,
            editor=reader,
            content=f"My plan, {draught} draught",
            text_version=own.text_version,
        )
        own.refresh_from_db()
    deep = to_reader(f"{LONG_WORD} " + "How deep does this go? " * 12)
    chain(deep, 6)
    gone = reply_to(deep, "Regretted")
    reply_to(gone, "What did it say?")
    services.delete_message(message=gone, author=reader)
    unread = to_reader("Are you there?")
    return Sample(reader, deep.conversation, deep, closed, own, unread)


Opener = Callable[[Page, Sample], None]


def at(address: str) -> Opener:
    return lambda page, sample: page.goto(address.format(**vars(sample)))


def conversation(page: Page, sample: Sample) -> None:
    page.goto(f"/c/{sample.conversation.pk}/")


def _history(page: Page, sample: Sample) -> None:
    page.goto(f"/m/{sample.own.pk}/")
    page.get_by_role("button", name="edited").first.click()
    expect(page.locator(".versions > li")).to_have_count(3)


def _bell(page: Page, sample: Sample) -> None:
    page.goto("/inbox/")
    page.locator("[popovertarget=notifications]").first.click()
    expect(page.locator("#notifications .bell").first).to_be_visible()


def _keys(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    page.locator("article.msg").first.focus()  # elsewhere, what is typed goes into the text box
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def _opened(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    thread(page, sample.closed).get_by_role("link").click()
    expect(thread(page, sample.closed).locator("summary").first).to_be_focused()


def _reply(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    open_reply(page, sample.deep).fill("Half a thought")


def _edit(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    open_edit(page, sample.own)


def _refused(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    open_reply(page, sample.deep).press("Control+Enter")
    expect(page.locator(".box-error")).to_be_visible()


def _refused_message(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    page.locator("#composer textarea").press("Control+Enter")
    expect(page.locator("#composer .box-error")).to_be_visible()


def _refused_new(page: Page, sample: Sample) -> None:
    page.goto("/new/")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _error(page: Page, sample: Sample) -> None:
    conversation(page, sample)
    page.context.set_offline(True)
    page.locator("#composer textarea").fill("Half a thought")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts [role=alert]")).to_be_visible()
    page.context.set_offline(False)


def _wrong_password(page: Page, sample: Sample) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username or e-mail address").fill(sample.reader.username)
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _bad_time_zone(page: Page, sample: Sample) -> None:
    page.goto("/account/")
    page.get_by_label("Time zone").fill("Nowhere")
    page.locator("section", has_text="Reading").get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


# Of people who are not signed in.
OUTSIDE: dict[str, Opener] = {
    "sign in": at("/accounts/login/"),
    "sign in, wrong password": _wrong_password,
    "sign up": at("/accounts/signup/"),
    "forgotten password": at("/accounts/password/reset/"),
    "goodbye": at("/account/goodbye/"),
    "not here": at("/nowhere/"),
}

# Two halves of about the same length: each is looked at in a file, and so in a process, of its own.
CONVERSING: dict[str, Opener] = {
    "conversation": conversation,
    "conversation, thread opened": _opened,
    "conversation, history open": _history,
    "conversation, replying": _reply,
    "conversation, editing": _edit,
    "conversation, reply refused": _refused,
    "conversation, message refused": _refused_message,
    "conversation, offline": _error,
    "conversation, keys": _keys,
    "thread": at("/m/{deep.pk}/"),
    "reply": at("/m/{unread.pk}/reply/"),
    "edit": at("/m/{own.pk}/edit/"),
    "delete message": at("/m/{own.pk}/delete/"),
    "edit history": at("/m/{own.pk}/history/"),
}

INSIDE: dict[str, Opener] = {
    "inbox": at("/inbox/"),
    "inbox, unread conversations": at("/inbox/?show=unread"),
    "bell": _bell,
    "notifications": at("/notifications/"),
    "new message": at("/new/?q=thea"),
    "new message, refused": _refused_new,
    "search": at("/search/"),
    "search, found": at("/search/?q=plan"),
    "search, nothing found": at("/search/?q=xyzzy"),
    "account": at("/account/"),
    "account, refused": _bad_time_zone,
    "change password": at("/accounts/password/change/"),
    "delete account": at("/account/delete/"),
    "sign out": at("/accounts/logout/"),
}

# Of somebody who has nothing yet.
EMPTY: dict[str, Opener] = {
    "inbox, empty": at("/inbox/"),
    "notifications, empty": at("/notifications/"),
}

ELSEWHERE = OUTSIDE | INSIDE | EMPTY
STATES = CONVERSING | ELSEWHERE

# A browser that draws nothing for a while has no frames, and would be waited for without end.
FRAME = """new Promise((resolve) => {
  requestAnimationFrame(resolve);
  setTimeout(resolve, 200);
})"""
# The browser knows of a new width at once, and styles by it a frame later.
TWO_FRAMES = f"async () => {{ await {FRAME}; await {FRAME}; }}"


def resize(page: Page, width: int, height: int = 812) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(TWO_FRAMES)
