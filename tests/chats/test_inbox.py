"""The inbox: what is unread by conversation and thread, and the line to answer in."""

from uuid import UUID

import pytest

from messaging import services
from messaging.models import Message
from tests.chats.addresses import url_of
from tests.chats.conftest import HTMX, signed_in
from tests.factories import MessageFactory, reply_to
from tests.html import soup


@pytest.fixture
def unread(ana, ben, stranger):
    """To ana: a reply of ben's, a message of a third person, then one of ben's, then a reply again."""
    mine = MessageFactory(sender=ana, receiver=ben, content="Hedge or fence?")
    first = reply_to(mine, "A hedge")
    other = MessageFactory(sender=stranger, receiver=ana, content="From elsewhere")
    began = MessageFactory(sender=ben, receiver=ana, content="Something else")
    last = reply_to(mine, "Or both")
    return {"first": first, "other": other, "began": began, "last": last}


def inbox_of(client):
    return soup(client.get(url_of("inbox")))


def cards_in(part):
    return [card.select_one(".msg-body").text.strip() for card in part.select(".card-u")]


def test_the_liveliest_conversation_comes_first_and_the_oldest_message_within_it(as_ana, unread):
    groups = inbox_of(as_ana).select(".grp")

    assert [cards_in(one) for one in groups] == [
        ["A hedge", "Or both", "Something else"],
        ["From elsewhere"],
    ]
    threads = groups[0].select(".grp-thread")
    assert [cards_in(one) for one in threads] == [["A hedge", "Or both"], ["Something else"]]
    assert [bool(one.select(".ctx")) for one in threads] == [True, False]


def send(client, form, content):
    values = {one["name"]: one.get("value", "") for one in form.select("input[name]")}
    return client.post(form["action"], values | {"content": content})


def test_the_line_answers_the_newest_message_of_the_conversation(as_ana, ana, unread):
    form = inbox_of(as_ana).select_one(".grp .quick")

    answer = send(as_ana, form, "Both it is")

    sent = Message.objects.latest("pk")
    assert (sent.content, sent.parent_message, sent.sender) == ("Both it is", unread["last"], ana)
    assert answer.status_code == 302
    assert answer.url.endswith(f"#m-{sent.pk}")


def test_below_a_message_that_answers_nothing_the_line_begins_a_thread(as_ana, ana, unread):
    form = inbox_of(as_ana).select(".grp .quick")[1]

    send(as_ana, form, "Hello elsewhere")

    sent = Message.objects.latest("pk")
    assert (sent.parent_message, sent.conversation) == (None, unread["other"].conversation)


def test_the_line_sends_nothing_twice(as_ana, unread):
    form = inbox_of(as_ana).select_one(".quick")
    assert UUID(form.select_one("[name=client_key]")["value"])

    send(as_ana, form, "Once")
    send(as_ana, form, "Once")

    assert Message.objects.filter(content="Once").count() == 1


def test_what_the_line_cannot_send_is_shown_again(as_ana, unread):
    answer = send(as_ana, inbox_of(as_ana).select_one(".quick"), "x" * 20_001)

    assert answer.status_code == 422
    assert "x" * 20_001 in answer.content.decode()


def test_who_takes_no_messages_gets_no_line(as_ana, ben, unread):
    ben.is_active = False
    ben.save()

    groups = inbox_of(as_ana).select(".grp")

    assert [bool(one.select(".quick")) for one in groups] == [False, True]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_conversation_is_marked_read_as_far_as_it_was_shown(as_ana, ana, ben, unread, headers):
    form = inbox_of(as_ana).select_one(".grp > header form")
    later = MessageFactory(sender=ben, receiver=ana)
    seen = [one["value"] for one in form.select("[name=seen]")]

    answer = as_ana.post(form["action"], {"seen": seen, "next": url_of("inbox")}, headers=headers)

    left = set(Message.unread.unread_for_user(ana))
    assert left == {unread["other"], later}
    assert headers or answer.url == url_of("inbox")


def test_the_lines_of_two_people_hold_their_own_tokens(as_ana, ana, ben, unread):
    MessageFactory(sender=ana, receiver=ben)

    tokens = {
        soup(client.get(url_of("inbox"))).select_one(".quick [name=csrfmiddlewaretoken]")["value"]
        for client in (as_ana, signed_in(ben))
    }

    assert len(tokens) == 2


def test_a_thread_whose_beginning_was_deleted_is_named_so(as_ana, ana, ben):
    mine = MessageFactory(sender=ana, receiver=ben, content="Never mind")
    reply_to(mine)
    services.delete_message(message=mine, author=ana)

    assert "in “Message deleted”" in inbox_of(as_ana).select_one(".grp-thread").text
