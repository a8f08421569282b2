"""Five people, each of whose private texts is like no other: nobody else meets one anywhere.

Everything that a browser can ask for is asked for by everybody, and by somebody who is not signed
in; what comes back, and what the server keeps or sends beside it, is searched for the texts of
others.
"""

import logging
import pickle
from collections import defaultdict

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from messaging import services
from messaging.models import Conversation, Message, MessageHistory, Notification
from tests.cached_bytes import bytes_kept
from tests.chats.conftest import HTMX
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.safety.people import routes

pytestmark = pytest.mark.django_db

# In a ring: each writes to the next, and nobody to the one after.
PEOPLE = ("ana", "ben", "cleo", "dan", "eva")
PARTS = {
    "chats:inbox": ("rows", "cards"),
    "chats:message_detail": ("thread", "replies"),
    "chats:notifications": ("items",),
    "chats:search": ("items",),
}


@pytest.fixture
def crowd(settings):
    """Who may read which canary, and a browser for each of them."""
    settings.ACCOUNT_RATE_LIMITS = False
    users = {name: UserFactory(username=name, email=f"{name}@private.example") for name in PEOPLE}
    readers = {}
    for place, name in enumerate(PEOPLE):
        other = PEOPLE[(place + 1) % len(PEOPLE)]
        texts = [f"canary {kind} of {name}" for kind in ("first", "later", "answer", "deep")]
        message = MessageFactory(sender=users[name], receiver=users[other], content=texts[0])
        services.edit_message(
            message=message, editor=users[name], content=texts[1], text_version=message.text_version
        )
        answer = reply_to(message, texts[2])
        reply_to(answer, texts[3])
        for text in texts:
            readers[text] = {name, other}
        readers[f"{name}@private.example"] = {name}
    browsers = {name: Client() for name in PEOPLE}
    for name, user in users.items():
        browsers[name].force_login(user)
    return browsers, readers


def addresses():
    """Every address with everything that is there put into it, and every part of it."""
    for name, pattern in routes().items():
        if name.startswith("admin") or "logout" in name:
            continue
        if "pk" in pattern.pattern.converters:
            model = Conversation if str(pattern.pattern).startswith("c/") else Message
            found = [reverse(name, args=[pk]) for pk in model.objects.values_list("pk", flat=True)]
            assert found, name
        elif name == "account_reset_password_from_key":
            found = [reverse(name, args=["1", "x-y"])]
        else:
            found = [reverse(name, args=["x" * 20] * len(pattern.pattern.converters))]
        for path in found:
            yield path
            for part in PARTS.get(name, ()):
                yield f"{path}?part={part}&q=canary&show=unread"
    for word in ("canary", "private", "ana", "eva", "from:ana", "with:cleo", "@private.example"):
        yield f"/search/?q={word}"
        yield f"/people/?q={word}"
        yield f"/new/?q={word}"


def everything_of(answer):
    """An answer as bytes come over the line: status, headers, cookies, body."""
    head = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return f"{answer.status_code}\n{head}\n{answer.cookies.output()}\n{answer.content.decode()}"


def test_nobody_meets_the_private_text_of_others(crowd, caplog):
    caplog.set_level(logging.DEBUG)
    browsers, readers = crowd
    visitors = browsers | {"nobody": Client()}
    asked = sorted(set(addresses()))
    met, own = [], defaultdict(int)

    for name, browser in visitors.items():
        for path in asked:
            # A part holds what its page holds, and is asked for as one.
            for headers in (HTMX,) if "part=" in path else (None, HTMX):
                text = everything_of(browser.get(path, headers=headers))
                if "canary" not in text and "@private.example" not in text:
                    continue
                for canary, allowed in readers.items():
                    if canary in text:
                        own[canary] += name in allowed
                        if name not in allowed:
                            met.append((name, path, canary))

    assert not met, "\n".join(map(str, met))
    # What is theirs was shown to them: the search would be worth nothing otherwise.
    assert set(own) == set(readers)
    assert "canary" not in caplog.text
    assert "@private.example" not in caplog.text


def test_the_admin_shows_nobodys_text(crowd):
    root = Client()
    root.force_login(get_user_model().objects.create_superuser("root"))
    pages = ["/admin/", "/admin/messaging/"]
    for name in ("message", "messagehistory", "notification"):
        pages += [f"/admin/messaging/{name}/", f"/admin/messaging/{name}/?q=canary"]
    for model in (Message, MessageHistory, Notification):
        for row in model.objects.values_list("pk", flat=True):
            for page in ("change", "history", "delete"):
                pages.append(f"/admin/messaging/{model._meta.model_name}/{row}/{page}/")
    for user in get_user_model().objects.all():
        pages += [f"/admin/auth/user/{user.pk}/{page}/" for page in ("change", "delete", "history")]
    pages += ["/admin/auth/user/?q=canary", "/inbox/", "/search/?q=canary"]
    message = Message.objects.first()
    pages += [f"/c/{message.conversation_id}/", f"/m/{message.pk}/"]

    seen = {path: everything_of(root.get(path, follow=True)) for path in pages}

    assert [path for path, text in seen.items() if "canary " in text] == []
    assert any("ana@private.example" in text for text in seen.values())  # she is listed there


@pytest.mark.parametrize(
    ("model", "guess"),
    [
        ("message", "content__startswith"),
        ("message", "content_html__contains"),
        ("message", "sender__password__gt"),
        ("message", "parent_message__content__gt"),
        ("messagehistory", "old_content__gt"),
        ("messagehistory", "message__content__gt"),
        ("notification", "message__content__gt"),
    ],
)
def test_the_admin_answers_no_guess_about_a_text(crowd, model, guess):
    root = Client()
    root.force_login(get_user_model().objects.create_superuser("root"))

    right, wrong = (root.get(f"/admin/messaging/{model}/", {guess: word}) for word in ("c", "zzz"))

    assert right.status_code == wrong.status_code == 400
    assert root.get(f"/admin/messaging/{model}/", {"id": 1}).status_code == 200


def test_what_is_kept_of_one_reader_is_not_handed_to_another(crowd):
    """Caches hold only what their key says whose it is: each entry is of one reader's own."""
    browsers, readers = crowd
    for name, browser in browsers.items():
        for cache in caches.all(initialized_only=True):
            cache.clear()
        for pk in range(1, 6):
            browser.get(f"/c/{pk}/")
        browser.get("/inbox/")
        kept = "".join(
            repr(pickle.loads(stored))  # noqa: S301
            for cache in caches.all(initialized_only=True)
            for stored in bytes_kept(cache).values()
        )
        assert "canary" in kept
        foreign = [
            text for text, allowed in readers.items() if text in kept and name not in allowed
        ]
        assert foreign == []


def test_mail_and_notifications_hold_no_text(crowd, settings):
    settings.EMAIL_URL = "smtp://mail.example"
    for name in PEOPLE:
        Client().post("/accounts/password/reset/", {"email": f"{name}@private.example"})

    assert len(mail.outbox) == len(PEOPLE)
    for letter in mail.outbox:
        assert "canary" not in letter.subject + letter.body
        assert len(letter.to) == 1
        others = {f"{name}@private.example" for name in PEOPLE} - set(letter.to)
        assert not [address for address in others if address in letter.body]
    for row in Notification.objects.values():
        assert "canary" not in repr(row)
