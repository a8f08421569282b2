"""How many SQL statements a page takes at most, whatever hangs in it: docs/performance.md."""

import pytest
from django.db import connection

from chats.threads.reply_rows import KNOWN
from messaging import services
from messaging.models import Message
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.chats.large_threads import replies_to, top_level_messages
from tests.factories import MessageFactory, UserFactory
from tests.html import soup
from tests.queries import at_most

SIZES = [1, 200]


@pytest.fixture(params=SIZES)
def pks(request, conversation, ana, ben):
    """The ids of a conversation's messages; the last ones have threads, read and unread."""
    found = top_level_messages(conversation, ben, request.param)
    for place, pk in enumerate(found[-3:]):
        message = Message.objects.get(pk=pk)
        replies_to(message, 5)
        if place % 2 == 0:
            services.send_message(sender=ben, receiver=ana, content="New", parent=message)
    return found


def test_a_conversation_takes_13_at_first_and_8_when_cached(as_ana, conversation, pks):
    url = url_of("conversation_detail", conversation.pk)

    with at_most(13):
        first = soup(as_ana.get(url))
    with at_most(8):
        again = soup(as_ana.get(url))

    assert first.select_one("#feed") == again.select_one("#feed")


def test_the_list_alone_takes_3_when_cached(as_ana, conversation, pks):
    url = url_of("conversation_messages", conversation.pk)
    as_ana.get(url, headers=HTMX)

    with at_most(3):
        soup(as_ana.get(url, headers=HTMX))


def test_older_messages_take_12(as_ana, conversation, pks):
    """One more than the newest: on which day the message below them was sent."""
    url = f"{url_of('conversation_detail', conversation.pk)}?before={pks[-1]}"

    with at_most(12):
        soup(as_ana.get(url))


@pytest.fixture(params=SIZES)
def letters(request, ana):
    """So many unread messages, each from somebody else."""
    return [MessageFactory(sender=UserFactory(), receiver=ana) for _ in range(request.param)]


def test_the_inbox_takes_6(as_ana, letters):
    with at_most(6):
        page = soup(as_ana.get(url_of("inbox")))

    assert len(page.select(".card-u")) == min(len(letters), 50)


@pytest.mark.parametrize("name", ["notifications", "message_new"])
def test_other_lists_take_10(as_ana, letters, name):
    with at_most(10):
        soup(as_ana.get(url_of(name)))


def test_the_bells_list_takes_5(as_ana, letters):
    with at_most(5):
        soup(as_ana.get(url_of("notifications"), headers=HTMX))


@pytest.mark.parametrize("number", [1, 60, 10_000])
def test_opening_a_thread_takes_6(as_ana, mine, number):
    replies_to(mine, number)

    with at_most(6):
        part = soup(as_ana.get(url_of("message_detail", mine.pk) + "?part=thread", headers=HTMX))

    assert len(part.select("article")) == min(number, 50)


@pytest.mark.db
def test_a_long_thread_opens_though_the_database_takes_the_table_for_empty(as_ana, mine):
    """As PostgreSQL does for a minute after very much has come at once. A join of levels, each of
    which it takes for one row, went through all of them for each, and did not come to an end.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE; SET LOCAL statement_timeout = '60s'")
    replies_to(mine, KNOWN + 500)

    part = soup(as_ana.get(url_of("message_detail", mine.pk) + "?part=thread", headers=HTMX))

    assert len(part.select("article")) == 50


def test_opening_a_thread_of_too_much_takes_8(as_ana, mine, monkeypatch):
    monkeypatch.setattr("chats.threads.reply_rows.KNOWN", 100)
    for pk in replies_to(mine, 60)[:20]:
        replies_to(Message.objects.get(pk=pk), 10)

    with at_most(8):
        part = soup(as_ana.get(url_of("message_detail", mine.pk) + "?part=thread", headers=HTMX))

    assert len(part.select("article")) == 50


@pytest.mark.parametrize("number", [1, 60, 10_000])
def test_the_page_of_a_message_takes_12(as_ana, mine, number):
    replies_to(mine, number)

    with at_most(12):
        soup(as_ana.get(url_of("message_detail", mine.pk)))


@pytest.mark.parametrize("replies", [0, 40, 200])
def test_a_reply_takes_16_plain(as_ana, mine, replies):
    if replies:
        replies_to(mine, replies)

    with at_most(16):
        response = as_ana.post(address("message_reply", mine), filled_in(mine))

    assert response.status_code == 302


@pytest.mark.parametrize("replies", [0, 40, 200])
def test_a_reply_takes_26_with_all_that_it_draws_again(as_ana, mine, replies):
    """Sixteen to send, and ten for the thread and the counts around it."""
    if replies:
        replies_to(mine, replies)

    with at_most(26):
        soup(as_ana.post(address("message_reply", mine), filled_in(mine), headers=HTMX))


def test_a_message_takes_16_plain(as_ana, conversation, pks):
    message = Message.objects.get(pk=pks[0])

    with at_most(16):
        response = as_ana.post(address("message_send", message), filled_in(message))

    assert response.status_code == 302


@pytest.mark.parametrize("versions", [1, 19, 30])
def test_an_edit_history_takes_6(as_ana, mine, ana, versions):
    message = mine
    for number in range(versions):
        message = services.edit_message(
            message=message, editor=ana, content=f"Text {number}", text_version=message.text_version
        )

    with at_most(6):
        soup(as_ana.get(address("message_history", mine), headers=HTMX))


@pytest.mark.parametrize("name", ["message_read", "message_unread"])
def test_a_read_mark_takes_16(as_ana, theirs, name, letters):
    with at_most(16):
        as_ana.post(address(name, theirs), headers=HTMX)


def test_reading_everything_takes_no_more_for_many(as_ana, letters):
    with at_most(18):
        as_ana.post(url_of("inbox_read"), {"up_to": letters[-1].pk}, headers=HTMX)
