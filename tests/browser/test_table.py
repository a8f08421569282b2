"""The table of interactions times what can go wrong between a browser and us. In all of it nothing
typed is lost, the focus stays, and one is told what to do.

What answers is put between the browser and the server, so that one visit sees every trouble. Only
what the server refuses (409, 422) comes from there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.http import Http404
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from chats.http import errors
from messaging import services
from messaging.models import Message
from tests.browser.pages import (
    article,
    assert_toast,
    composer,
    open_edit,
    open_reply,
    thread,
)
from tests.browser.states import Sample, make_sample
from tests.factories import MessageFactory, reply_to

pytestmark = pytest.mark.browser

TEXT = "Half an hour of careful writing"
OTHER_TEXT = "Begun before, and not sent"
TOO_LONG = TEXT + ", and more" * 2000
HTMX = {"HX-Request": "true"}
FOREIGN = "<!doctype html><title>Bad gateway</title><h1>nginx</h1><script>alert(1)</script>"
STILL_HERE = "That did not work. Your text is still here."
OFFLINE = "You are offline. Your text is still here."
SOMETHING_ELSE = "Something else answered instead"

Find = Callable[[Page, Sample], Locator]
Prepare = Callable[[Page, Sample], object]


def nothing(page: Page, sample: Sample) -> None:
    """All is ready as it is."""


@dataclass(frozen=True)
class Row:
    """An interaction: `place` is what one presses, or a box whose text one sends."""

    page: str
    place: Find
    asks: str
    done: Find
    before: Prepare = nothing
    at_last: Prepare = nothing  # once every text box holds what it is to keep
    needs: Callable[[Sample], object] = lambda sample: None
    # What the server refuses: a text, what makes it wrong, and what is said about it.
    refused: tuple[tuple[str, Prepare, str], ...] = ()

    def act(self, page: Page, place: Locator, number: int = 0, text: str = TEXT) -> None:
        kind = place.evaluate("one => one.type === 'search' ? 'search' : one.tagName")
        if kind == "search":  # it asks while one types
            place.fill(f"plan{' ' * (number + 1)}")
        elif kind == "TEXTAREA":
            place.evaluate("one => one.style.blockSize = '9rem'")  # pulled larger by hand
            place.fill(text)
            place.press("Control+Enter")
        else:
            place.press("Enter")

    def press_again(self, page: Page, place: Locator) -> None:
        """While what was asked for is on its way. A button may be disabled by then."""
        if place.evaluate("one => one.matches('textarea')"):
            place.press("Control+Enter")
        elif place.evaluate("one => one.matches('[popovertarget]')"):
            return  # the second press closes what the first one opened
        elif place.evaluate("one => one.matches('button')"):
            place.click(force=True)
        elif place.evaluate("one => one.type === 'search'"):
            place.press("End")
        else:
            place.click()


def link(name: str, inside: str = "main") -> Find:
    return lambda page, sample: page.locator(inside).get_by_role("link", name=name).first


def button(name: str, inside: str = "main") -> Find:
    return lambda page, sample: page.locator(inside).get_by_role("button", name=name).first


def of(name: str, role: str, label: str) -> Find:
    """A link or button of a message of the sample."""
    return lambda page, sample: article(page, getattr(sample, name)).get_by_role(role, name=label)


def at(selector: str) -> Find:
    return lambda page, sample: page.locator(selector.format(**vars(sample))).first


def many_messages(sample: Sample) -> None:
    for number in range(25):
        MessageFactory(
            sender=sample.unread.sender, receiver=sample.reader, content=f"Number {number}"
        )


def many_replies(sample: Sample) -> None:
    for number in range(52):
        reply_to(sample.closed, f"Reply {number}", sender=sample.unread.sender)


def news(page: Page, sample: Sample) -> None:
    # Further up: at the end they would join by themselves.
    page.mouse.move(700, 300)
    page.mouse.wheel(0, -3000)
    page.wait_for_function("scrollY < 100")
    MessageFactory(sender=sample.unread.sender, receiver=sample.reader, content="Just come")
    expect(page.locator("#new-pill a")).to_be_visible()


def sent_from(form: str) -> Prepare:
    """Another text has been sent with the key of the form."""

    def prepare(page: Page, sample: Sample) -> None:
        key = at(f"{form} [name=client_key]")(page, sample).input_value()
        services.send_message(
            sender=sample.reader,
            receiver=sample.unread.sender,
            content="The first half of it",
            client_key=UUID(key),
        )

    return prepare


def edited_elsewhere(page: Page, sample: Sample) -> None:
    own = Message.objects.get(pk=sample.own.pk)
    services.edit_message(
        message=own, editor=sample.reader, content="From elsewhere", text_version=own.text_version
    )


TOO_MUCH = (TOO_LONG, nothing, "20,000 characters")
HERE = "/c/{conversation.pk}/"
ROWS = {
    "older messages": Row(
        HERE,
        link("Older messages"),
        "**/messages/?before=*",
        at("#m-{closed.pk}"),
        needs=many_messages,
    ),
    "show new messages": Row(
        HERE,
        at("#new-pill a"),
        "**/new/?after=*",
        at("#feed :text('Just come')"),
        needs=many_messages,
        at_last=news,
    ),
    "expand thread": Row(
        HERE,
        lambda page, sample: thread(page, sample.closed).get_by_role("link"),
        "**/?part=thread*",
        at("#m-{closed.pk}-thread details[open]"),
    ),
    "more replies": Row(
        "/m/{closed.pk}/",
        link("more replies"),
        "**/?part=replies*",
        at("#m-{closed.pk}-replies > li:nth-child(55)"),
        needs=many_replies,
    ),
    "open reply box": Row(
        HERE,
        of("unread", "link", "Reply"),
        "**/reply/",
        at("#m-{unread.pk}-slot textarea"),
    ),
    "send reply": Row(
        HERE,
        at("#m-{unread.pk}-slot textarea"),
        "**/reply/",
        at(f"#m-{{unread.pk}}-thread :text('{TEXT}')"),
        before=lambda page, sample: open_reply(page, sample.unread),
        refused=(TOO_MUCH, (TEXT, sent_from("#m-{unread.pk}-slot"), "was sent already")),
    ),
    "send top-level": Row(
        HERE,
        at("#composer textarea"),
        "**/send/",
        at(f"#feed > li > article :text('{TEXT}')"),
        refused=(TOO_MUCH, (TEXT, sent_from("#composer"), "was sent already")),
    ),
    "open edit": Row(HERE, of("own", "link", "Edit"), "**/edit/", at("#m-{own.pk} textarea")),
    "save edit": Row(
        HERE,
        at("#m-{own.pk} textarea"),
        "**/edit/",
        at(f"#m-{{own.pk}} .msg-body:has-text('{TEXT}')"),
        before=lambda page, sample: open_edit(page, sample.own),
        refused=(TOO_MUCH, (TEXT, edited_elsewhere, "It now says:")),
    ),
    "cancel edit": Row(
        HERE,
        of("own", "link", "Cancel"),
        "**/?part=message",
        at("#m-{own.pk} .msg-body"),
        before=lambda page, sample: open_edit(page, sample.own),
    ),
    "edit history": Row(
        HERE, of("own", "button", "edited"), "**/history/", at("#m-{own.pk}-history .versions")
    ),
    "mark one read": Row(
        HERE,
        of("unread", "button", "Mark read"),
        "**/read/",
        of("unread", "button", "Mark unread"),
    ),
    "mark one unread": Row(
        HERE,
        of("closed", "button", "Mark unread"),
        "**/unread/",
        of("closed", "button", "Mark read"),
    ),
    "mark conversation read": Row(
        HERE,
        button("Mark all read"),
        "**/c/*/read/",
        at("#unread-here:text('Nothing unread')"),
    ),
    "mark a card read": Row(
        "/inbox/",
        lambda page, sample: page.locator(f"#u-m-{sample.unread.pk}").get_by_role("button"),
        "**/read/",
        at("#unread-line:has-text('6 messages')"),
    ),
    "mark all read": Row(
        "/inbox/",
        button("Mark all read"),
        "**/inbox/read/",
        at("h2:text('Nothing unread')"),
    ),
    "notifications": Row(
        HERE,
        button("Notifications", "header"),
        "**/notifications/",
        at("#notifications .bell"),
    ),
    "mark notifications read": Row(
        "/notifications/",
        button("Mark all read"),
        "**/notifications/read/",
        at("main .bells:not(:has(.count))"),
    ),
    "find a person": Row(
        "/new/", at("#to-q"), "**/people/?q=*", at("#people:has-text('Nobody here')")
    ),
    "search": Row("/search/", at("input[name=q]:visible"), "**/search/?q=*", at(".results .row-c")),
}


@pytest.fixture
def troubles(person):
    """What may come instead of an answer, and what is then said. Ours are made by what makes them."""
    somebody = Client(raise_request_exception=False)
    somebody.force_login(person("Somebody Else"))
    request = somebody.get("/account/", headers=HTMX).wsgi_request
    ours = {
        "401": (Client().get("/inbox/", headers=HTMX), "You were signed out."),
        "403, too old": (errors.csrf_failure(request), "This page had become too old. Try again."),
        "403": (errors.permission_denied(request, PermissionError()), "You may not do that."),
        "404": (errors.page_not_found(request, Http404()), "This is not here any more"),
        "413": (errors.too_large(request), "That is too large to send."),
        "429": (errors.too_many(request, 30, "half a minute"), "Wait half a minute"),
        "500": (errors.server_error(request), STILL_HERE),
    }
    return {
        "offline": ("internetdisconnected", OFFLINE),
        "lost": ("failed", OFFLINE),
        **{name: (_answer(answer), text) for name, (answer, text) in ours.items()},
        **{
            f"{status} of somebody else": (
                {"status": status, "content_type": "text/html", "body": FOREIGN},
                SOMETHING_ELSE if status == 200 else STILL_HERE,
            )
            for status in (200, 409, 413, 422, 502, 503, 504)
        },
    }


def _answer(answer) -> dict:
    return {
        "status": answer.status_code,
        "headers": dict(answer.headers.items()),
        "body": answer.content.decode(),
    }


def between(page: Page, trouble) -> Callable:
    """Answers a request as `trouble` says, once."""
    if isinstance(trouble, str):
        return lambda route: route.abort(trouble)
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    body = re.sub(r'(csrfmiddlewaretoken" value=")[^"]*', rf"\g<1>{token}", trouble["body"])
    return lambda route: route.fulfill(**trouble | {"body": body})


@pytest.mark.parametrize("name", ROWS)
def test_nothing_is_lost_whatever_goes_wrong(sign_in, ana, ben, person, watch, troubles, name):
    watch.expect("status of", "Response Status Error", "net::ERR_", "htmx:(sendError|afterRequest)")
    row, sample = ROWS[name], make_sample(ben, ana, person("Thea Vogt"))
    row.needs(sample)
    page = sign_in(ben)
    # Older messages wait for the press of the link.
    page.add_init_script("IntersectionObserver.prototype.observe = () => {};")
    page.goto(row.page.format(**vars(sample)))
    row.before(page, sample)
    place = row.place(page, sample)
    others = [composer(page)] if composer(page).count() and name != "send top-level" else []
    if of("own", "link", "Reply")(page, sample).count():
        others.append(open_reply(page, sample.own))
    for other in others:
        other.fill(OTHER_TEXT)
    row.at_last(page, sample)

    def assert_others_kept():
        for other in others:
            expect(other).to_have_value(OTHER_TEXT)

    def assert_kept():
        assert_others_kept()
        if place.count() and place.evaluate("one => one.matches('textarea')"):
            expect(place).to_have_value(TEXT)

    for text, prepare, said in row.refused:
        prepare(page, sample)
        row.act(page, place, text=text)
        form = place.locator("xpath=ancestor::form")
        expect(form).to_contain_text(said)
        expect(place).to_have_value(text)
        expect(form.locator(":focus")).to_have_count(1)
        assert_others_kept()

    for number, (what, (trouble, said)) in enumerate(troubles.items()):
        page.route(row.asks, between(page, trouble), times=1)
        row.act(page, place, number)
        toast = assert_toast(page, said)
        expect(place, what).to_be_focused()
        assert_kept()
        expect(page.get_by_text("nginx")).to_have_count(0)
        if number < len(troubles) - 1:
            toast.get_by_role("button", name="Dismiss").click()

    # Next it is only slow, and somebody is in a hurry.
    held = []
    page.route(row.asks, lambda route: held.append(route), times=1)
    toast.get_by_role("button", name="Try again").click()
    expect(page.locator("#toasts [role=alert]")).to_have_count(0)
    expect(page.locator("#progress")).to_have_css("opacity", "1")
    if place.evaluate("one => one.matches('textarea, button:not([popovertarget])')"):
        expect(page.locator("[data-disabled-by-htmx]:disabled")).to_have_count(1)
    row.press_again(page, place)
    assert_kept()
    # A second request would not be held: it would have been answered, and nothing is slow any more.
    expect(row.done(page, sample)).to_be_hidden()
    held.pop().continue_()
    expect(row.done(page, sample)).to_be_visible()
    expect(page.locator("#progress")).to_have_css("opacity", "0")
    # htmx gives the focus a moment after it has swapped.
    page.wait_for_function("document.activeElement !== document.body")
    assert_others_kept()
    assert Message.objects.filter(content=TEXT, conversation=sample.conversation).count() <= 1
