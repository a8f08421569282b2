"""Every identifier that a request may name, tried with ids of every kind of thing.

In a path, a form and a query string: one's own, another's, another conversation's, deleted, absent,
0, -1, 2^63 and text. Never an error of the server, never an effect on what is not one's own, never
a word of it in the answer.
"""

import logging
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from messaging import services
from messaging.models import Conversation, Message
from tests.chats.conftest import HTMX, signed_in
from tests.factories import MessageFactory, reply_to
from tests.safety.people import ABSENT, routes, rows

pytestmark = pytest.mark.django_db

SECRET = "Nobody but ben and stranger reads this"

# Which names a request of ours may carry, and those that it must not be moved by.
FIELDS = (
    "parent",
    "parent_message",
    "before",
    "after",
    "since",
    "rows_after",
    "next",
    "recipient",
    "receiver",
    "sender",
    "to",
    "user",
    "message",
    "conversation",
    "thread",
    "up_to",
    "seen",
    "level",
    "text_version",
    "client_key",
    "part",
    "q",
)
OURS = ("chats:", "accounts:")


@pytest.fixture
def ids(ana, ben, stranger, caplog):
    """An id of every kind, as ana sees it, who reads; by what it is."""
    caplog.set_level(logging.CRITICAL)
    own = MessageFactory(sender=ana, receiver=ben, content="Ana's own")
    theirs = MessageFactory(sender=ben, receiver=ana, content="To ana")
    elsewhere = MessageFactory(sender=ana, receiver=stranger, content="In another conversation")
    foreign = MessageFactory(sender=stranger, receiver=ben, content=SECRET)
    gone = MessageFactory(sender=ana, receiver=ben, content="Said too soon")
    reply_to(gone, "An answer to it")
    services.delete_message(message=gone, author=ana)
    return {
        "text_version": own.text_version or 0,
        "own": own.pk,
        "theirs": theirs.pk,
        "another conversation's": elsewhere.pk,
        "foreign": foreign.pk,
        "deleted": gone.pk,
        "conversation": own.conversation_id,
        "foreign conversation": foreign.conversation_id,
        "person": ben.pk,
        "name": "stranger",
        "absent": ABSENT,
        "0": 0,
        "-1": -1,
        "2^63 - 1": 2**63 - 1,
        "2^63": 2**63,
        "elsewhere": "//evil.example/",
        "text": "x' OR 1=1 --",
        "nothing": "",
        "NUL": "\0",
        "digits of elsewhere": "١٢",
        "very long": "9" * 400,
    }


def paths(pk):
    """Each address of ours with `pk` where an id belongs."""
    found = {}
    for name, pattern in routes().items():
        if name.startswith(OURS):
            converters = pattern.pattern.converters
            if "token" not in converters:
                found[name] = reverse(name, args=[pk] * len(converters))
    return found


def is_error(name, answer):
    # Django alone holds no streams, and says so.
    return answer.status_code >= 500 and (name, answer.status_code) != ("chats:live", 503)


def foreign_rows(ana):
    """What ana may not change, and what nobody may: the foreign conversation with all in it."""
    found = rows()
    mine = set(Conversation.objects.visible_to(ana).values_list("pk", flat=True))
    for name, kept in found.items():
        if name.startswith("messaging."):
            found[name] = [
                row
                for row in kept
                if row.get("conversation_id", row.get("id")) not in mine
                and name in {"messaging.Conversation", "messaging.Message", "messaging.Participant"}
            ]
    return {name: found[name] for name in found if name.startswith("messaging.")}


def test_no_id_in_a_path_shows_or_changes_what_is_not_ones_own(ids, ana):
    browser = signed_in(ana)
    browser.raise_request_exception = False
    before = foreign_rows(ana)
    wrong = []

    for kind, pk in ids.items():
        whole = isinstance(pk, int) and pk >= 0
        for name, path in paths(pk if whole else 0).items():
            if not whole:
                # As one would type it: the address then is nobody's at all.
                path = path.replace("/0/", f"/{pk}/".replace("\0", "%00"))
            for method, headers in ((browser.get, None), (browser.get, HTMX), (browser.post, HTMX)):
                with transaction.atomic():
                    answer = method(path, {"content": "Hi"}, headers=headers)
                    transaction.set_rollback(True)
                if is_error(name, answer) or SECRET in answer.content.decode():
                    wrong.append((kind, name, method.__name__, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))
    assert foreign_rows(ana) == before


def test_no_id_in_a_query_or_form_shows_or_changes_what_is_not_ones_own(ids, ana, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    browser = signed_in(ana)
    browser.raise_request_exception = False
    before = foreign_rows(ana)
    wrong = []
    ways = {name: path for name, path in paths(ids["own"]).items() if name.startswith("chats:")}
    for name, path in ways.items():
        ways[name] = path.replace(f"/c/{ids['own']}/", f"/c/{ids['conversation']}/")

    for number, (kind, value) in enumerate(ids.items()):
        # All at once; and once with what is right where a wrong value would be refused first.
        together = dict.fromkeys(FIELDS, value)
        for place, (name, path) in enumerate(ways.items()):
            right = {
                "content": "Hi",
                "client_key": str(uuid4()),
                "text_version": ids["text_version"],
            }
            headers = (None, HTMX)[(number + place) % 2]
            asked = [
                (browser.get, together),
                (browser.post, together | {"content": "Hi"}),
                (browser.post, together | right),
            ]
            if name == "chats:message_detail":
                asked = [
                    (browser.get, together | {"part": part}) for part in ("replies", "thread", "x")
                ]
            for method, fields in asked:
                with transaction.atomic():
                    answer = method(path, fields, headers=headers)
                    transaction.set_rollback(True)
                if is_error(name, answer) or SECRET in answer.content.decode():
                    wrong.append((kind, name, method.__name__, answer.status_code))
                if "evil" in urlsplit(answer.get("Location", "")).netloc:
                    wrong.append((kind, name, "leads elsewhere", answer["Location"]))
        # Not taken back: what ana may do for herself must not reach what is not hers.
        for name in ("chats:conversation_seen", "chats:inbox_read", "chats:notifications_read"):
            browser.post(ways[name], together)
        browser.post(ways["chats:message_reply"], together | right)
        if foreign_rows(ana) != before:
            wrong.append((kind, "changed what is not hers"))

    assert not wrong, "\n".join(map(str, wrong))


def test_a_reply_answers_what_the_address_names_whatever_the_form_says(ids, ana, ben, stranger):
    """Mass assignment: what no form of ours holds, no request can set."""
    browser = signed_in(ana)
    made_up = {
        "id": 1_000,
        "pk": 1_000,
        "sender": ben.pk,
        "sender_id": ben.pk,
        "receiver": stranger.pk,
        "receiver_id": stranger.pk,
        "conversation": ids["foreign conversation"],
        "conversation_id": ids["foreign conversation"],
        "parent": ids["foreign"],
        "parent_message": ids["foreign"],
        "parent_message_id": ids["foreign"],
        "thread": ids["foreign"],
        "timestamp": "2001-01-01T00:00Z",
        "content_html": "<script>alert(1)</script>",
        "html_version": 1,
        "read": "on",
        "read_at": "2001-01-01T00:00Z",
        "edited": "on",
        "deleted_at": "2001-01-01T00:00Z",
        "changed_in": 10**9,
    }

    for name, pk in (
        ("chats:message_reply", ids["theirs"]),
        ("chats:message_send", ids["conversation"]),
    ):
        text = f"Written by {name}"
        typed = made_up | {"content": text, "client_key": str(uuid4())}
        assert browser.post(reverse(name, args=[pk]), typed).status_code == 302
        message = Message.objects.get(content=text)
        assert (message.sender, message.receiver) == (ana, ben)
        assert message.conversation_id == ids["conversation"]
        assert message.parent_message_id == (pk if name == "chats:message_reply" else None)
        assert message.timestamp.year > 2001
        assert (message.read, message.edited, message.deleted_at) == (False, False, None)
        assert "alert" not in message.content_html
        assert message.changed_in < 10**9

    own = Message.objects.get(pk=ids["own"])
    edit = made_up | {"content": "Changed", "text_version": own.text_version or 0}
    assert browser.post(reverse("chats:message_edit", args=[own.pk]), edit).status_code == 302
    edited = Message.objects.get(pk=own.pk)
    assert (edited.sender, edited.receiver, edited.read) == (ana, ben, False)
    assert (edited.timestamp, edited.conversation_id) == (own.timestamp, own.conversation_id)
    assert edited.history.get().edited_by == ana


def test_nobody_makes_themselves_more_than_they_are(ana, client):
    made_up = {
        "is_staff": "on",
        "is_superuser": "on",
        "is_active": "on",
        "user_permissions": [1],
        "groups": [1],
        "password": "seventeen green herons",
        "username": "root",
        "version": 10**9,
        "text_version": 10**9,
        "user": 1,
    }
    browser = signed_in(ana)
    for section in ("profile", "email", "reading"):
        prefixed = {f"{section}-{name}": value for name, value in made_up.items()}
        fields = {"profile-first_name": "Ana", "reading-theme": "dark"}
        browser.post("/account/", made_up | prefixed | fields | {"section": section})
    up = made_up | {
        "username": "newcomer",
        "first_name": "New",
        "password1": "seventeen green herons",
        "password2": "seventeen green herons",
    }
    assert client.post("/accounts/signup/", up).status_code == 302

    for user in type(ana).objects.all():
        assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
        assert user.username in {"ana", "newcomer"}
        assert not user.user_permissions.exists()
        assert user.mailbox.version < 10**9
