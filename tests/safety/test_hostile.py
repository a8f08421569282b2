"""Hostile strings go in by every field and come out of every place as the text they are.

Here the HTML is looked at; `tests/browser/test_hostile.py` has a browser run it.
"""

import html
import logging
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from messaging.models import Conversation, Message, MessageHistory
from tests.chats.conftest import HTMX, signed_in
from tests.html import soup
from tests.safety.hostile import NOT_STORABLE, STRINGS

pytestmark = pytest.mark.django_db

# One message holds as many as fit; each string is looked for by itself all the same.
STORABLE = [text for text in STRINGS if "\0" not in text]
SHORT = [text for text in STORABLE if len(text) <= 300]


@pytest.fixture(autouse=True)
def _unlimited(settings, caplog):
    caplog.set_level(logging.CRITICAL)
    settings.ACCOUNT_RATE_LIMITS = False


def skeleton(page):
    """The markup of a page without its words: elements, and the names of their attributes."""
    return [
        (tag.name, *sorted(name for name in tag.attrs))
        for tag in page.find_all(True)
        # What is made of a text itself: its paragraphs, line ends, links and words of a difference.
        if tag.name not in {"p", "br", "ins", "del", "mark", "bdi"}
        and not (tag.name == "a" and tag.get("rel"))
    ]


# Attributes that lead, ask or run; in others every text is a text.
LEADS = {"href", "src", "action", "formaction", "srcdoc", "data", "background", "style"}
LEADS |= {"hx-get", "hx-post", "hx-target", "hx-vals", "hx-swap-oob", "hx-trigger", "popovertarget"}


def dangerous(page):
    """Whatever on a page could run, ask or swap, and is not of ours."""
    found = []
    for tag in page.find_all(True):
        ours = tag.name == "script" and str(tag.get("src", "")).startswith(("/static/", "/admin/"))
        if tag.name in RUN and not ours:
            found.append(str(tag)[:80])
        for name, value in tag.attrs.items():
            value = str(value).lower().replace("\t", "")
            typed_link = name == "href" and tag.get("rel") and value.startswith("http")
            if name.startswith("on") or (name in LEADS and not typed_link and "evil" in value):
                found.append(f"{tag.name} {name}={value}"[:80])
            icon = tag.name == "link" and tag.get("rel") == ["icon"]  # base.html's own
            leads = value.startswith(("javascript:", "data:", "vbscript:"))
            if name in LEADS and leads and not icon:
                found.append(f"{tag.name} {name}={value}"[:80])
    return found


RUN = {"script", "iframe", "object", "embed", "base", "style", "plaintext", "xmp", "dialog"}


def test_every_string_comes_out_of_a_message_as_it_went_in(ana, ben):
    me, other = signed_in(ana), signed_in(ben)
    conversation = Conversation.objects.between(ana, ben)
    send = reverse("chats:message_send", args=[conversation.pk])
    wrong, sent = [], {}
    texts = ["Nothing but words", *STORABLE]

    for text in texts:
        fields = {"content": text, "client_key": str(uuid4())}
        answer = me.post(send, fields, headers=HTMX)
        if answer.status_code != 200:
            wrong.append((text[:60], answer.status_code))
            continue
        sent[Message.objects.latest("pk").pk] = text
        part = BeautifulSoup(answer.content, "html.parser")
        wrong += [(text[:60], "sent", found) for found in dangerous(part)]
    usual = None
    for page in pages_of(other, conversation):
        wrong += [("page", found) for found in dangerous(page)]
        for article in page.select("article.msg"):
            text = sent.pop(int(article["id"].removeprefix("m-")))
            body = article.select_one(".msg-body")
            if words(body.get_text()) != words(text):
                wrong.append((text[:60], "shown as", body.get_text()[:60]))
            if body.find(lambda tag: tag.name not in {"p", "br", "a"}):
                wrong.append((text[:60], "is markup"))
            usual = usual or skeleton(article)
            if skeleton(article) != usual:
                wrong.append((text[:60], "changes the message around it"))

    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert not sent


def pages_of(browser, conversation):
    """All pages of a conversation, the newest first."""
    path = f"/c/{conversation.pk}/"
    while path:
        page = soup(browser.get(path))
        yield page
        older = page.select_one("#feed a[hx-get*='before=']")
        path = older and older["href"]


def words(text):
    return "".join(text.split())


def packed(strings, most=18_000):
    """The strings in as few texts as can be, each at most `most` characters and bytes long."""
    text, size = [], 0
    for string in strings:
        length = len(string.encode()) + 2
        if text and size + length > most:
            yield "\n\n".join(text)
            text, size = [], 0
        text.append(string)
        size += length
    yield "\n\n".join(text)


def test_histories_differences_inboxes_rows_and_searches_show_them_as_text(ana, ben):
    me, other = signed_in(ana), signed_in(ben)
    texts = list(packed(STORABLE))
    conversation = Conversation.objects.between(ana, ben)
    wrong = []
    for number, text in enumerate(texts):
        send = reverse("chats:message_send", args=[conversation.pk])
        me.post(send, {"content": text, "client_key": str(uuid4())})
        message = Message.objects.latest("pk")
        reply = reverse("chats:message_reply", args=[message.pk])
        me.post(reply, {"content": text, "client_key": str(uuid4())})
        edit = reverse("chats:message_edit", args=[message.pk])
        turned = texts[(number + 1) % len(texts)]
        message.refresh_from_db()
        me.post(edit, {"content": turned, "text_version": message.text_version or 0})
        paths = [f"/m/{message.pk}/", f"/m/{message.pk}/history/", f"/m/{message.pk}/reply/"]
        paths += [f"/c/{conversation.pk}/", "/inbox/", "/notifications/", "/search/?q=script"]
        paths += ["/search/?q=evil+example", "/search/?q=%22alert%22"]
        for path in paths:
            for headers in (None, HTMX):
                page = soup(other.get(path, headers=headers))
                wrong += [(path, found) for found in dangerous(page)]
        for path in (edit, f"/m/{message.pk}/delete/"):
            wrong += [(path, found) for found in dangerous(soup(me.get(path)))]
        box = soup(me.get(edit)).select_one("textarea")
        if box.get_text().removeprefix("\n").strip() != turned.replace("\r\n", "\n").strip():
            wrong.append((edit, "the text box holds another text"))
    assert MessageHistory.objects.count() == len(texts)

    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_what_was_refused_comes_back_as_it_was_typed(ana, ben):
    """By 422, 404, 409, 403 and without a session: the places that give a text back."""
    me = signed_in(ana)
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(ana)
    conversation = Conversation.objects.between(ana, ben)
    send = reverse("chats:message_send", args=[conversation.pk])
    wrong = []
    for text in packed(STORABLE):
        for browser, path, fields, status in (
            (me, send, {"client_key": "no key"}, 422),
            (me, "/new/", {"client_key": str(uuid4()), "to": "nobody", "q": text[:100]}, 422),
            (me, "/m/4711/reply/", {"client_key": str(uuid4())}, 404),
            (checked, send, {"client_key": str(uuid4())}, 403),
            (Client(), send, {"client_key": str(uuid4()), text[:50]: text[:50]}, 401),
        ):
            page = soup(browser.post(path, fields | {"content": text}), status)
            box = page.select_one("textarea")
            if words(box.get_text()) != words(text):
                wrong.append((path, status, "text lost"))
            wrong += [(path, status, found) for found in dangerous(page)]

    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_what_cannot_be_kept_is_refused_and_given_back(ana, ben):
    me = signed_in(ana)
    conversation = Conversation.objects.between(ana, ben)
    send = reverse("chats:message_send", args=[conversation.pk])

    for text in NOT_STORABLE:
        # A browser sends no half of a pair; somebody's own program may.
        raw = text.encode("utf-8", "surrogatepass")
        body = b"client_key=" + str(uuid4()).encode() + b"&content=" + quoted(raw)
        answer = me.post(send, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {302, 422}, text
        stored = Message.objects.order_by("pk").last()
        assert stored is None or "\0" not in stored.content

    for name in ("q", "to", "before"):
        assert me.get(f"/new/?{name}=%00%ed%a0%80").status_code == 200
        assert me.get(f"/search/?{name}=%00%ed%a0%80").status_code == 200


def quoted(raw):
    return "".join(f"%{byte:02x}" for byte in raw).encode()


def test_no_name_address_or_question_becomes_markup(ana, ben, settings):
    """Through every other field: names, addresses, searches, what allauth takes."""
    settings.EMAIL_URL = "smtp://mail.example"
    me, visitor = signed_in(ana), Client()
    wrong = []
    for number, text in enumerate(SHORT):
        fields = {"username": text, "email": text, "password1": "x", "password2": "y"}
        everywhere = [
            (me, "/people/", {"q": text, "to": text}),
            (me, "/new/", {"q": text, "to": text, "find": "1", "content": text}),
            (me, "/account/", {"section": "profile", "profile-first_name": text}),
            (me, "/account/", {"section": "reading", "reading-time_zone": text}),
            (me, "/account/", {"section": "email", "email-email": text, "email-password": "x"}),
            (me, "/account/", {"section": text}),
            (visitor, "/accounts/login/", {"login": text, "password": "x"}),
            (visitor, "/accounts/signup/", fields | {"first_name": text}),
            (visitor, "/accounts/password/reset/", {"email": text}),
        ]
        # Each by the search and by one other field; each field gets scores of them.
        there = everywhere[number % len(everywhere)]
        for browser, path, typed in ((me, "/search/", {"q": text}), there):
            asked = browser.get if path in {"/search/", "/people/"} else browser.post
            answer = asked(path, typed, headers=HTMX)
            if answer.status_code not in {200, 302, 400, 422}:
                wrong.append((text[:60], path, answer.status_code))
            elif RAW & set(text) and text.strip() in answer.content.decode():
                wrong.append((text[:60], path, "not escaped"))

    assert not wrong, "\n".join(map(str, wrong[:20]))


RAW = set("<>\"'&")


def test_no_name_becomes_markup_wherever_it_is_shown(ana, ben):
    """Most could not be chosen; an import may bring any."""
    message = Message.objects.create(sender=ana, receiver=ben, content="Hello")
    other = signed_in(ben)
    root = signed_in(get_user_model().objects.create_superuser("root"))
    shown = [f"/c/{message.conversation_id}/", f"/m/{message.pk}/reply/", "/notifications/"]
    shown += ["/inbox/", "/new/?q=ana", "/search/?q=ana"]
    wrong = []
    for number, text in enumerate(SHORT):
        ana.first_name = text[:80]
        ana.save(update_fields=["first_name"])
        # Each in some of the places; each place gets scores of them.
        for path in shown[number % len(shown) :: 3]:
            wrong += [(path, text[:60], found) for found in dangerous(soup(other.get(path)))]
        if number % 10 == 0:
            admin = soup(root.get("/admin/auth/user/"))
            wrong += [("admin", text[:60], found) for found in dangerous(admin)]

    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_a_letter_is_plain_text_with_a_subject_of_ours(ana, settings):
    settings.EMAIL_URL = "smtp://mail.example"
    accounts.change_email(user=ana, email="ana@example.org")
    for name in SHORT[::20]:
        get_user_model().objects.filter(pk=ana.pk).update(first_name=name[:80])
        Client().post("/accounts/password/reset/", {"email": "ana@example.org"})

    assert mail.outbox
    for letter in mail.outbox:
        assert letter.subject == "[Parley] Choose a new password"
        assert not letter.alternatives
        assert "evil" not in letter.body
        assert html.unescape(letter.body) == letter.body
