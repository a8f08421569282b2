"""Without scripts and without styles everything can be done, and everything reads in order."""

import os
import shutil
import subprocess

import pytest
from django.urls import reverse

from messaging.models import Message
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.plain import PlainBrowser, said

pytestmark = pytest.mark.django_db

PASSWORD = "seventeen green herons"


def signed_up(name: str, username: str) -> PlainBrowser:
    browser = PlainBrowser()
    browser.visit("/")
    browser.follow("Create an account")
    fields = {"first_name": name, "username": username}
    browser.send("Create account", **fields, password1=PASSWORD, password2=PASSWORD)
    assert said(browser.page.h1) == "Unread"
    return browser


def write(browser: PlainBrowser, to: str, text: str) -> None:
    browser.visit("/inbox/")
    browser.follow("New message")
    browser.send("Find", q=to)
    browser.send("Send", content=text)  # the only person found is chosen
    browser.article(text)


def test_the_whole_journey_by_links_and_forms_alone():
    ann, bob = signed_up("Ann Ray", "ann"), signed_up("Bob Finn", "bob")

    # Writing: nobody, then nothing, then a message.
    ann.follow("New message")
    ann.send("Send", content="To whom it may concern")
    assert ann.status == 422
    assert "Choose who should get this." in ann.text()
    assert said(ann.page.select_one("textarea")) == "To whom it may concern"
    write(ann, "bob", "Shall we meet on Friday?")
    ann.send("Send", content="  ")
    assert ann.status == 422
    assert "Write something first" in ann.text()
    ann.send("Send", content="Or on Monday?")

    # The inbox leads to the message; a reply names whom it answers.
    bob.visit("/")
    assert "2 messages in 1 conversation" in bob.text()
    bob.follow("Ann Ray", bob.page.select("li.card-u")[0])
    bob.follow("Reply", bob.article("Friday?"))
    assert "Shall we meet on Friday?" in said(bob.page.select_one("blockquote"))
    bob.send("Reply", content="Friday is fine.")
    ann.visit("/")
    ann.follow("Open message from Bob Finn")
    ann.follow("Reply", ann.article("Friday is fine."))
    ann.send("Reply", content="At noon, then.")
    assert "replying to Bob" in said(ann.article("At noon, then."))

    # Editing, a refused edit, its history.
    ann.follow("Edit", ann.article("At noon, then."))
    ann.send("Save", content="")
    assert ann.status == 422
    ann.send("Save", content="At one, then.")
    bob.visit("/")
    bob.follow("Open message from Ann Ray")
    bob.follow("Open full history", bob.article("At one, then."))
    assert "Ann Ray edited" in bob.text()
    assert [said(one) for one in bob.page.select("del, .diff ins")][:2] == ["noon", "one"]
    bob.follow("Back to the message")

    # Read, unread, all read; the bell.
    bob.send("Mark read", bob.article("At one, then."))
    assert "unread" not in said(bob.article("At one, then.").select_one(".msg-head"))
    bob.send("Mark unread", bob.article("At one, then."))
    bob.follow("All notifications")
    assert "Ann Ray replied to you" in bob.text()
    bob.send("Mark all read", bob.page.main)
    bob.visit("/inbox/")
    bob.send("Mark all read", bob.page.main)
    assert "Everything is read" in bob.text()

    # Looking for it, and for somebody.
    bob.follow("Search")
    bob.visit("/search/?q=friday")  # a form of one field is sent by Enter
    assert "2 messages for friday" in bob.text()
    bob.follow("", bob.page.select_one(".results .rows"))
    bob.article("Friday is fine.")

    # Deleting, and what a deleted message leaves.
    bob.follow("Delete", bob.article("Friday is fine."))
    assert "This cannot be undone." in bob.text()
    bob.send("Delete message")
    ann.visit("/")
    ann.follow("", ann.page.select_one("#conversation-list"))
    assert "Friday is fine." not in ann.text()
    ann.follow("", ann.page.select_one(".thread"))
    assert "Message deleted" in ann.text()

    # Settings, signing out and in, and the end.
    ann.follow("AR Your account")
    ann.send("Save", ann.page.select_one("section[aria-labelledby=reading-h]"), language="de")
    assert "Deine Einstellungen sind gespeichert." in ann.text()
    ann.send("Abmelden")
    ann.send("Sign in", login="ann", password="something else")
    assert "You are not signed in." in ann.text()
    ann.send("Sign in", login="ann", password=PASSWORD)
    ann.follow("AR Dein Konto")
    ann.follow("Mein Konto löschen")
    ann.send("Mein Konto löschen", password=PASSWORD, sure="on")
    assert "Your account is deleted" in ann.text() or "Dein Konto ist gelöscht" in ann.text()
    assert not Message.objects.exists()


def test_sign_up_is_all_a_stranger_needs_to_find():
    browser = PlainBrowser()
    for address in ("/inbox/", "/account/", "/new/"):
        browser.visit(address)
        assert said(browser.page.h1) == "Sign in"
        browser.follow("Create an account")
        assert said(browser.page.h1) == "Create an account"


# As text ---------------------------------------------------------------------------------------

PROGRAMS = {
    "w3m": ["w3m", "-dump", "-T", "text/html", "-cols", "90", "-I", "UTF-8", "-O", "UTF-8"],
    "lynx": ["lynx", "-dump", "-stdin", "-nolist", "-width=90", "-display_charset=utf-8"],
}


@pytest.fixture(params=PROGRAMS)
def as_text(request):
    """Shows an answer as that program does, blanks and line ends alike."""
    if shutil.which(request.param) is None:
        required = os.environ.get("REQUIRE_ALL") == "1"
        (pytest.fail if required else pytest.skip)(f"{request.param} is not installed.")

    def as_text(response) -> str:
        shown = subprocess.run(
            PROGRAMS[request.param],
            input=response.content,
            capture_output=True,
            check=True,
            timeout=20,
        )
        return " ".join(shown.stdout.decode().split())

    return as_text


def assert_in_order(text: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} does not follow in {text[at:]!r}"
        at = found + len(part)


def test_a_conversation_reads_in_order_with_who_answers_whom(client, as_text):
    ann, ben = UserFactory(first_name="Ann Ray"), UserFactory(first_name="Ben Ode")
    first = MessageFactory(sender=ann, receiver=ben, content="Shall we meet on Friday?")
    answer = reply_to(first, "Friday is fine.")
    reply_to(answer, "At noon, then.")
    reply_to(first, "Or on Monday.")
    MessageFactory(sender=ann, receiver=ben, content="And bring the map.")
    client.force_login(ben)

    page = as_text(client.get(reverse("chats:conversation_detail", args=[first.conversation_id])))

    assert_in_order(page, "Skip to content", "New message", "Ann Ray", "Mark all read", "Today")
    assert_in_order(
        page,
        *(
            "Today",
            "New",
            "Ann Ray",
            "unread",
            "Shall we meet on Friday?",
            "Reply to Ann Ray",
            "3 replies",
        ),
        *("You", "replying to Ann", "Friday is fine.", "Edit your message"),
        *("Ann Ray", "replying to you", "At noon, then."),
        *("You", "replying to Ann", "Or on Monday."),
        *("Ann Ray", "And bring the map."),
        *("Message to Ann Ray", "Send", "Conversations"),
    )
    # Nothing is said that has not happened, and no two words run together.
    assert "did not work" not in page
    assert "offline" not in page
    assert "No messages" not in page
    for together in ("AnnReply", "repliesYou", "ARAnn", ":00New", "messageEdit"):
        assert together not in page


def test_the_inbox_reads_in_order(client, as_text):
    ann, ben = UserFactory(first_name="Ann Ray"), UserFactory(first_name="Ben Ode")
    mine = MessageFactory(sender=ben, receiver=ann, content="Shall we meet on Friday?")
    reply_to(mine, "Friday is fine.")
    client.force_login(ben)

    page = as_text(client.get(reverse("chats:inbox")))

    assert_in_order(
        page,
        *("Unread", "1 message in 1 conversation", "Ann Ray"),
        *("in “Shall we meet on Friday?”", "Friday is fine."),
        *("Open message from Ann Ray", "Reply to Ann Ray", "Mark read message from Ann Ray"),
        *("Conversations", "Ann Ray", "replied to “Shall we meet on Friday?”", "1 unread"),
    )
