"""Hostile strings in a real browser: nothing runs, asks, swaps, or paints outside its own box.

`tests/safety/test_hostile.py` sends them through every field and looks at the HTML; here they stand
in the database, and a browser draws every place that shows them, at the width of a phone and of a
desk. What the policy would have blocked fails as well: the browser reports it (`watch.py`).
"""

from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from chats.threads.conversation_list import ROOTS
from messaging import services
from messaging.models import Conversation, Message
from tests.browser.hostile_world import NAMES, STORABLE, make_world, packed
from tests.browser.pages import article, composer, open_edit, open_reply, select_something, thread
from tests.browser.states import resize
from tests.factories import MessageFactory
from tests.safety.hostile import CHARACTERS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-hostile")]

WIDTHS = (375, 1280)

# What is drawn far above, below or beside its place.
PILED_UP = (
    "Z\u0301\u0334" + "\u0301\u0334\u0323" * 26,
    "a" + "\u0301" * 500,
    *(
        text[:600]
        for text in CHARACTERS
        if {"\u20dd", "\ufdfd", "\u202e", "\U0001242b"} & set(text)
    ),
)

# Whatever could run, load or lead away, and is not ours.
FOREIGN = """() => {
  const found = [];
  const ours = (address) => !address || new URL(address, location).origin === location.origin;
  const never = "iframe, object, embed, base, style, plaintext, xmp, dialog[open], video, audio, math," +
    "main ~ main, template script, meta[http-equiv], form[action^='javascript' i]";
  for (const one of document.querySelectorAll(never)) found.push(one.outerHTML.slice(0, 90));
  for (const one of document.querySelectorAll("*")) {
    for (const { name, value } of one.attributes) {
      if (name.startsWith("on")) found.push(`${one.tagName} ${name}=${value.slice(0, 60)}`);
      if (/^(data-)?hx-/.test(name) && /^js:|evil\\.example\\/|onload|alert\\(/.test(decodeURIComponent(value).split('?')[0])) found.push(`${name}=${value}`);
    }
    const typed = one.tagName === "A" && one.rel.includes("noopener");
    const leads = one.getAttribute("href") ?? one.getAttribute("src") ?? one.getAttribute("action");
    if (leads && !typed && one.tagName !== "LINK" && !ours(leads)) found.push(`leads to ${leads}`);
    if (typed && !/^https?:/i.test(leads)) found.push(`leads to ${leads}`);
  }
  for (const id of ["main", "toasts", "live", "unread-count"]) {
    const there = document.querySelectorAll(`[id="${id}"]`);
    if (there.length > 1) found.push(`${there.length} of #${id}`);
    if (there[0]?.textContent.trim() === "Taken over") found.push(`#${id} was taken over`);
  }
  if (document.title.trim() === "Taken over" || !document.body) found.push("the page was taken over");
  return found;
}"""

# Where people's words stand, and where the page's own do: the first must not move the second.
PLACE = """() => {
  const box = (one) => {
    const { x, width, height } = one.getBoundingClientRect();
    return [Math.round(x), Math.round(width), Math.round(height)];
  };
  const found = {};
  const note = (name, one, part = 3) => { found[name] = box(one).slice(0, part).join(" "); };
  for (const one of document.querySelectorAll(".bar, .bar a, .bar button, .conv-head a"))
    if (one.checkVisibility()) note(`${one.tagName}.${one.className}#${one.id}`, one);
  for (const one of document.querySelectorAll("main, .side, .page, .panel, .conv-head, #composer"))
    note(`${one.tagName}.${one.className}`, one, 2);
  document.querySelectorAll(".msg, .row-c, .bell, .card-u, .option, .versions > li")
    // What is open over the page scrolls by itself, and then has a bar beside it.
    .forEach((one, at) => one.closest(".pop") || note(`${one.className} ${at}`, one, 2));
  document.querySelectorAll(".tools, .row-time, .msg > .avatar, .row-c > .avatar")
    .forEach((one, at) => { if (one.checkVisibility()) note(`${one.className} ${at}`, one, 3); });
  return found;
}"""
# The same once nothing moves any more: what a swap or a new width began may not have ended.
PLACE_AT_REST = f"""async () => {{
  let before, now = JSON.stringify(({PLACE})());
  do {{
    before = now;
    await new Promise((goOn) => setTimeout(() => requestAnimationFrame(goOn), 100));
    now = JSON.stringify(({PLACE})());
  }} while (now !== before);
  return JSON.parse(now);
}}"""
# The same with plain words, which are then taken away again: the page is still used.
PLACE_OF_PLAIN = f"""() => {{
  const put = [];
  for (const one of document.querySelectorAll("[dir=auto], bdi, .msg-by")) {{
    if (one.matches("textarea") || one.querySelector("textarea, input, button, form")) continue;
    put.push([one, [...one.childNodes]]);
    one.replaceChildren("word");
  }}
  const found = ({PLACE})();
  for (const [one, before] of put.reverse()) one.replaceChildren(...before);
  return found;
}}"""

# Sends a form that is not on the page, with the token of one that is.
POST = """([path, fields]) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: path });
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token, ...fields })) {
    const field = document.createElement("textarea");
    Object.assign(field, { name, value });
    form.append(field);
  }
  document.body.append(form);
  HTMLFormElement.prototype.submit.call(form);
}"""

WIDE = """() => {
  const most = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > most)
    found.push(`${document.documentElement.scrollWidth} px of ${most}`);
  // Each stands below the one before it: nothing lies over its neighbour.
  for (const list of document.querySelectorAll(".feed, .rows, .versions, #unread ol, #unread ul")) {
    let end = -Infinity;
    for (const one of list.children) {
      const box = one.getBoundingClientRect();
      if (!box.height) continue;
      if (box.top < end - 1) found.push(`over its neighbour: ${one.textContent.slice(0, 60)}`);
      end = box.bottom;
    }
  }
  return found;
}"""

# A mark that turns the direction of writing reaches to the end of its paragraph, or of what is
# isolated from it: no word of ours may stand there.
TURNED = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text.data)) continue;
    const one = text.parentElement;
    if (!one.checkVisibility() || one.closest("script, textarea, .visually-hidden")) continue;
    if (!one.closest("[dir=auto], bdi, .msg-by")) found.push(one.outerHTML.slice(0, 160));
  }
  return found;
}"""

# Covers the boxes of what people wrote, and shows the page with and without the words in them:
# whatever differs was painted outside.
THEIRS = "'[dir=auto], bdi, .msg-by, .avatar, mark, .bell, .option, .in-reply, .row-c'"
COVER = """() => {
  for (const one of document.querySelectorAll(THEIRS)) {
    const box = one.getBoundingClientRect();
    if (!box.width) continue;
    const cover = document.createElement("div");
    cover.className = "cover";
    Object.assign(cover.style, { position: "absolute", background: "teal", zIndex: 99999,
      left: `${box.left + scrollX - 5}px`, top: `${box.top + scrollY - 5}px`,
      width: `${box.width + 10}px`, height: `${box.height + 10}px` });
    document.body.append(cover);
  }
}""".replace("THEIRS", THEIRS)
HIDE = """(hidden) => {
  for (const one of document.querySelectorAll(THEIRS))
    one.style.visibility = hidden ? "hidden" : "";
}""".replace("THEIRS", THEIRS)
UNCOVER = "() => document.querySelectorAll('.cover').forEach((one) => one.remove())"


class Looking:
    """Looks at each state a page gets into, and gathers what is wrong with it."""

    def __init__(self, page: Page) -> None:
        self.page, self.found, self.states, self.widths = page, [], 0, WIDTHS
        self.asked: list[str] = []
        page.on("dialog", self._dialog)
        page.context.on("request", self._request)
        page.context.on("page", lambda other: self.found.append(f"a window: {other.url}"))

    def _dialog(self, dialog) -> None:
        if dialog.type != "beforeunload":
            self.found.append(f"a dialog: {dialog.message}")
        dialog.accept()

    def _request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"}:
            self.asked.append(f"{request.method} {request.url}")

    def at(self, path: str, **how) -> None:
        self.page.goto(path)
        self.look(path, **how)

    def posted(self, state: str, path: str, **fields: str) -> None:
        """The page that a form of ours leads to, sent without htmx."""
        with self.page.expect_navigation():
            self.page.evaluate(POST, [path, fields])
        self.look(state)

    def look(self, state: str, *, layout: bool = True, paint: bool = False) -> None:
        page = self.page
        self.states += 1
        wrong = page.evaluate(FOREIGN)
        # The other way round each time: a page was loaded in the width of the last one.
        self.widths = self.widths[::-1]
        for width in self.widths if layout else ():
            resize(page, width)
            wrong += page.evaluate(WIDE)
            if paint and self._painted_outside():
                wrong.append(f"paints outside of its box at {width} px")
        if layout:
            wrong += page.evaluate(TURNED)
            # A page of plain words may be so short that it needs no scrollbar, and is wider for it.
            page.evaluate("document.documentElement.style.overflowY = 'scroll'")
            shown = page.evaluate(PLACE_AT_REST)
            plain = page.evaluate(PLACE_OF_PLAIN)
            wrong += [
                f"{name}: {there}, and with plain words {plain.get(name)}"
                for name, there in shown.items()
                if there != plain.get(name)
            ]
        origin = "{0.scheme}://{0.netloc}/".format(urlsplit(page.url))
        wrong += [f"asked {asked}" for asked in self.asked if f" {origin}" not in asked]
        self.asked.clear()
        self.found += [f"{state}: {one}" for one in wrong[:6]]

    def _painted_outside(self) -> bool:
        page = self.page
        page.evaluate(COVER)
        # What is painted outside differs in every pair of pictures; what still moved, not in all.
        found = all(self._picture(hidden=False) != self._picture(hidden=True) for _try in range(3))
        page.evaluate(HIDE, False)
        page.evaluate(UNCOVER)
        return found

    def _picture(self, *, hidden: bool) -> bytes:
        self.page.evaluate(HIDE, hidden)
        return self.page.screenshot(animations="disabled", full_page=True)

    def end(self) -> None:
        assert not self.found, "\n".join(self.found[:40])


@pytest.fixture
def reader(person):
    return person("Rhea Vale", read_on_sight=False)


@pytest.fixture
def world(reader, ana):
    return make_world(reader, ana)


def test_wherever_they_are_shown_they_are_words(sign_in, reader, world):
    looking = Looking(sign_in(reader))
    for message in [*world.messages[ROOTS::ROOTS], world.root]:
        looking.at(f"/c/{world.conversation.pk}/?before={message.pk}")
    looking.at(f"/m/{world.root.pk}/")
    history = list(world.edited.history.order_by("pk").values_list("pk", flat=True))
    looking.at(f"/m/{world.edited.pk}/history/")
    for last in history[20::20]:
        looking.at(f"/m/{world.edited.pk}/history/?before={last}")
    for path in ("/notifications/", "/inbox/", "/inbox/?show=unread"):
        looking.at(path)
    rows = [one.conversation_id for one in Message.objects.filter(sender__in=world.others)]
    for pk in rows[::12]:
        looking.at(f"/c/{pk}/")
    for page in range(3):
        looking.at(f"/inbox/?rows_after={rows[-1 - 20 * page]}")
    for words in ("script", "evil example", '"alert 1"', "taken over", "x", "مرحبا"):
        looking.at(f"/search/?q={quote(words)}")
    for text in ("\u202eesrever", "<script>alert(1)</script>", "a" + "\u0301" * 100):
        looking.at(f"/search/?q={quote(text)}")
        looking.at(f"/new/?q={quote(text)}")
    looking.at("/new/?q=zz")
    looking.at("/search/?q=zz")
    named = Message.objects.filter(sender=world.others[0]).latest("pk")
    looking.at(f"/m/{named.pk}/")
    looking.at(f"/m/{named.pk}/reply/")
    looking.at(f"/m/{named.pk}/history/")
    looking.at(f"/m/{world.own.pk}/edit/")
    looking.at(f"/m/{world.own.pk}/delete/")
    assert looking.states >= 36

    looking.end()


def test_they_paint_nothing_outside_of_their_boxes(sign_in, reader, ana):
    for text in PILED_UP:
        MessageFactory(sender=ana, receiver=reader, content=f"Over {text} and below")
    ana.first_name = PILED_UP[0][:80]
    ana.save()
    looking = Looking(sign_in(reader))
    conversation = Conversation.objects.between(ana, reader)

    looking.at(f"/c/{conversation.pk}/", paint=True)
    looking.at("/inbox/", paint=True)
    looking.at("/notifications/", paint=True)

    looking.end()


def test_what_comes_while_a_page_is_open_is_words(sign_in, reader, ana, watch):
    """By htmx: refused, sent, replied, edited by two, opened; and what news brings."""
    for status in (404, 409, 422):
        watch.expect_status(status)
    texts = packed(STORABLE, 9_000)
    first = MessageFactory(sender=ana, receiver=reader, content="Good morning")
    own = MessageFactory(sender=reader, receiver=ana, content=texts[0])
    page = sign_in(reader)
    looking = Looking(page)
    with page.expect_response("**/live/"):
        page.goto(f"/c/{first.conversation_id}/")

    composer(page).fill(texts[0] + "x" * 20_000)
    composer(page).press("Control+Enter")
    expect(page.locator("#composer .box-error")).to_be_visible()
    looking.look("refused")
    for text in texts:
        composer(page).fill(text)
        composer(page).press("Control+Enter")
        expect(composer(page)).to_have_value("")
    looking.look("sent")
    box = open_reply(page, first)
    box.fill(texts[1])
    looking.look("replying")
    box.press("Control+Enter")
    expect(thread(page, first).locator("article.msg")).to_have_count(1)
    looking.look("replied")

    box = open_edit(page, own)
    looking.look("editing")
    edit(own, texts[2])
    box.fill(texts[3])
    box.press("Control+Enter")
    expect(page.locator(".box-notice")).to_be_visible()
    looking.look("edited by two")
    page.locator(".is-editing textarea").press("Control+Enter")
    expect(page.locator(".is-editing")).to_have_count(0)
    looking.look("saved")
    article(page, own).get_by_role("button", name="edited").click()
    expect(page.locator(".versions > li")).to_have_count(3)
    looking.look("history")
    page.keyboard.press("Escape")

    ana.first_name = NAMES[3]
    ana.save()
    edit(first, texts[1])
    select_something(page)
    coming = [MessageFactory(sender=ana, receiver=reader, content=text) for text in STORABLE[:57:3]]
    expect(article(page, first)).to_contain_text("edited")
    page.locator("#new-pill a").click()
    expect(article(page, coming[-1])).to_be_visible()
    looking.look("news")
    box = open_reply(page, coming[-1])
    box.fill(texts[4])
    services.delete_message(message=coming[-1], author=ana)
    box.press("Control+Enter")
    expect(page.locator("#toasts [role=alert]")).to_be_visible()
    looking.look("not here any more")
    assert page.locator("article.msg").count() > len(coming)

    looking.end()


def edit(message, text):
    message = Message.objects.get(pk=message.pk)
    services.edit_message(
        message=message, editor=message.sender, content=text, text_version=message.text_version
    )


def test_what_a_form_gives_back_is_words(sign_in, reader, ana, watch):
    """Whole pages, as without htmx: 403, 404, 409 and 422; and the names that the admin lists."""
    for status in (403, 404, 409, 422):
        watch.expect_status(status)
    texts = packed(STORABLE, 9_000)
    own = MessageFactory(sender=reader, receiver=ana, content="First")
    key, send = str(uuid4()), f"/c/{own.conversation_id}/send/"
    looking = Looking(sign_in(reader))
    looking.at(f"/m/{own.pk}/")
    edit(own, texts[0])

    looking.posted("409, edited", f"/m/{own.pk}/edit/", content=texts[1], text_version="7")
    looking.posted("422, no key", send, content=texts[2], client_key="x")
    looking.posted("422, new", "/new/", content=texts[3], client_key=key, to="0", q=NAMES[1])
    looking.posted("sent", send, content=texts[4], client_key=key)
    looking.posted("409, sent", send, content=texts[-1], client_key=key)
    looking.posted("404", "/m/987654321/reply/", content=texts[0], client_key=key)
    looking.at("/account/")
    looking.posted("a name", "/account/", section="profile", **{"profile-first_name": NAMES[5]})
    token = {"csrfmiddlewaretoken": "x" * 64}
    looking.posted("403", send, content=texts[0], client_key=key, **token)

    people = get_user_model().objects
    people.bulk_create(
        people.model(username=f"zz{uuid4().hex[:12]}", first_name=name, last_name=name)
        for name in NAMES[::4]
    )
    people.filter(pk=ana.pk).update(is_staff=True, is_superuser=True, first_name=NAMES[7])
    admin = Looking(sign_in(ana))
    for path in ("", f"{own.sender_id}/change/", f"{own.sender_id}/delete/", "?q=script", "?q=zz"):
        admin.at(f"/admin/auth/user/{path}", layout=False)

    looking.end()
    admin.end()
