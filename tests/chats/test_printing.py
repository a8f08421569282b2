"""The page that prints a whole conversation."""

import pytest

from chats.views import printing
from messaging import services
from messaging.models import Message
from tests.chats.addresses import url_of
from tests.factories import MessageFactory, chain, reply_to
from tests.html import soup
from tests.queries import at_most


def printed(client, conversation_pk, **query):
    return soup(client.get(url_of("conversation_print", conversation_pk), query))


def bodies(page):
    return [one.text.strip() for one in page.select(".printed-message .msg-body")]


def test_it_holds_every_message_each_thread_below_its_beginning(as_ana, ana, ben):
    first = MessageFactory(sender=ana, receiver=ben, content="First")
    second = MessageFactory(sender=ben, receiver=ana, content="Second")
    reply = reply_to(first, "Answer to the first")
    reply_to(second, "Answer to the second")
    reply_to(reply, "Answer to the answer")

    page = printed(as_ana, first.conversation_id)

    assert bodies(page) == [
        *("First", "Answer to the first", "Answer to the answer"),
        *("Second", "Answer to the second"),
    ]
    levels = [one["class"][1] for one in page.select(".printed-message")]
    assert levels == ["level-0", "level-1", "level-2", "level-0", "level-1"]


def test_dates_are_written_in_full(as_ana, mine, time_travel):
    Message.objects.update(timestamp="2026-03-02T09:00Z")
    time_travel("2026-03-02T18:00Z")

    assert "2 March 2026" in printed(as_ana, mine.conversation_id).select_one("article time").text


def test_a_chain_of_three_hundred_replies_is_printed_whole(as_ana, mine):
    chain(mine, 300)

    with at_most(8):
        page = printed(as_ana, mine.conversation_id)

    articles = page.select(".printed-message")
    assert len(articles) == 301
    assert articles[-1]["class"][1] == "level-4"
    assert "replying to" in articles[-1].text


def test_deleted_messages_keep_their_place_without_words(as_ana, deleted):
    page = printed(as_ana, deleted.conversation_id)

    assert "Message deleted" in page.text
    assert "Said too soon" not in page.text


def test_what_does_not_fit_on_the_page_stands_on_the_next_and_is_said(as_ana, mine, monkeypatch):
    monkeypatch.setattr(printing, "PRINTED", 3)
    for number in range(4):
        reply_to(mine, f"Reply {number}")

    page = printed(as_ana, mine.conversation_id)
    assert bodies(page) == ["Reply 1", "Reply 2", "Reply 3"]
    assert "Older messages stand on a page of their own." in page.text

    older = soup(as_ana.get(page.find("a", string="Older messages")["href"]))
    assert bodies(older) == [mine.content, "Reply 0"]
    assert "Older messages" not in older.text


def test_what_people_wrote_is_words(as_ana, ana, ben):
    message = MessageFactory(sender=ana, receiver=ben, content="<script>alert(1)</script>")

    page = printed(as_ana, message.conversation_id)

    assert bodies(page) == ["<script>alert(1)</script>"]


@pytest.mark.usefixtures("db")
def test_a_strangers_conversation_is_not_there(as_ana, foreign):
    answer = as_ana.get(url_of("conversation_print", foreign.conversation_id))

    assert answer.status_code == 404


def test_the_page_of_the_conversation_leads_to_it_and_says_so_on_paper(as_ana, mine):
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))

    assert page.select_one(f"a[href='{url_of('conversation_print', mine.conversation_id)}']")
    assert "prints everything" in page.select_one(".print-only").text


def test_an_edit_is_named(as_ana, mine, ana):
    services.edit_message(message=mine, editor=ana, content="Said better", text_version=0)

    assert "edited" in printed(as_ana, mine.conversation_id).select_one("h2").text
