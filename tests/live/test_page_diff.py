"""What a page is told that was made a while ago."""

import pytest
from django.urls import reverse

from messaging import services
from messaging.models import Conversation, Mailbox, Message
from tests.chats.addresses import url_of
from tests.chats.conftest import HTMX
from tests.chats.page_contents import shown
from tests.factories import MessageFactory, chain, reply_to
from tests.html import soup
from tests.live.page import OpenPage
from tests.queries import at_most

pytestmark = pytest.mark.db


@pytest.fixture
def theirs(ana, ben):
    return MessageFactory(sender=ben, receiver=ana, content="What ben wrote")


@pytest.fixture
def mine(ana, ben):
    return MessageFactory(sender=ana, receiver=ben, content="What ana wrote")


@pytest.fixture
def open_page(as_ana):
    return lambda url: OpenPage(as_ana, url)


@pytest.fixture
def page(open_page, theirs):
    """Ana's page of her conversation with ben, in which she has one message."""
    return open_page(url_of("conversation_detail", theirs.conversation_id))


def edit(message, text):
    message = Message.objects.get(pk=message.pk)
    services.edit_message(
        message=message, editor=message.sender, content=text, text_version=message.text_version
    )


def read(*messages):
    for message in messages:
        services.mark_as_read(
            reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
        )


def test_nothing_is_said_when_nothing_changed(page):
    with at_most(3):
        assert page.ask().status_code == 204


def test_a_browser_is_sent_to_the_page(as_ana, theirs):
    url = url_of("conversation_changes", theirs.conversation_id)

    assert as_ana.get(url).url == url_of("conversation_detail", theirs.conversation_id)
    assert as_ana.get(url_of("changes")).url == url_of("inbox")


def test_what_is_not_ones_own_is_not_there(client, stranger, theirs):
    client.force_login(stranger)
    for name in ("conversation_changes", "conversation_new"):
        response = client.get(url_of(name, theirs.conversation_id), headers=HTMX)
        assert response.status_code == 404


@pytest.mark.parametrize("query", ["since=x", "since=1.2.3.4&drawn=x.-1&new=99999999999999999999"])
def test_nonsense_is_answered_like_a_page_that_knows_nothing(as_ana, theirs, query):
    url = url_of("conversation_changes", theirs.conversation_id)

    assert soup(as_ana.get(f"{url}?{query}", headers=HTMX)).select_one("#changes")


def test_new_messages_are_offered_and_not_inserted(page, ana, ben, theirs):
    new = [MessageFactory(sender=ben, receiver=ana, content=f"New {n}") for n in range(2)]

    page.ask()

    assert page.find("#new-pill").get_text(strip=True) == "2 new messages"
    assert page.find("#live").text == "2 new messages"
    assert shown(page.soup) == [theirs.pk]
    assert page.find("#unread-count")["data-unread"] == "3"
    assert "New 1" in page.find("#conversation-list").text

    page.press("#new-pill a")

    assert shown(page.soup) == [theirs.pk, *[message.pk for message in new]]
    assert not page.find("#new-pill a")
    assert page.ask().status_code == 204


def test_more_than_a_page_of_them_is_a_link_to_the_page(page, ana, ben):
    for _ in range(21):
        MessageFactory(sender=ben, receiver=ana)

    page.ask()

    assert page.find("#new-pill a").text.strip() == "21 new messages"
    assert not page.find("#new-pill a").has_attr("hx-get")


def test_an_edit_is_shown_in_place(page, theirs):
    edit(theirs, "What ben meant")

    page.ask()

    assert "What ben meant" in page.find(f"#m-{theirs.pk}").text
    assert page.find(f"#m-{theirs.pk} .tag-edited")
    assert not page.find("#new-pill a")


def test_a_deleted_message_goes(page, theirs):
    services.delete_message(message=theirs, author=theirs.sender)

    page.ask()

    assert shown(page.soup) == []
    assert not page.find("li.node")


def test_a_deleted_message_with_replies_keeps_its_place(open_page, theirs):
    reply = reply_to(theirs)
    page = open_page(url_of("message_detail", theirs.pk))
    services.delete_message(message=theirs, author=theirs.sender)

    page.ask()

    assert "Message deleted" in page.find(f"#m-{theirs.pk}").text
    assert shown(page.soup) == [theirs.pk, reply.pk]


def test_what_is_read_in_one_window_is_read_in_the_others(page, theirs):
    assert page.find(f"#m-{theirs.pk}.is-unread")
    read(theirs)

    page.ask()

    assert not page.find(".is-unread")
    assert page.find("#unread-count")["data-unread"] == "0"
    assert "Nothing unread" in page.find("#unread-here").text
    assert not page.find("#read-all form")


def test_what_is_unread_again_is_so_in_the_others(open_page, theirs):
    read(theirs)
    page = open_page(url_of("conversation_detail", theirs.conversation_id))
    services.mark_as_unread(reader=theirs.receiver, message=theirs)

    page.ask()

    assert page.find(f"#m-{theirs.pk}.is-unread")


def test_the_sender_is_not_told_of_reading(open_page, mine):
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    read(mine)

    assert page.ask().status_code == 204


def test_a_first_reply_is_offered_below_what_it_answers(open_page, mine):
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    reply = reply_to(mine, "An answer")

    page.ask()

    assert (
        page.find(f"#m-{mine.pk}-thread .thread-open")
        .get_text(" ", strip=True)
        .startswith("BO 1 reply 1 new")
    )
    assert "An answer" not in page.find("#feed").text
    page.press(f"#m-{mine.pk}-thread .thread-open")
    assert page.find(f"#m-{reply.pk}")


def test_a_closed_thread_counts_in_place(open_page, mine):
    read(reply_to(mine))
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    assert "1 reply" in page.find(f"#m-{mine.pk}-thread .thread-open").text
    reply_to(mine)

    page.ask()

    assert "2 replies" in page.find(f"#m-{mine.pk}-thread .thread-open").text


def test_an_open_thread_offers_a_new_reply_at_its_end(open_page, mine):
    first = reply_to(mine)
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    new = reply_to(mine, "The second")

    page.ask()

    assert "2 replies" in page.find(f"#m-{mine.pk}-summary").text
    assert page.find(f"#m-{first.pk}-more").text.strip() == "1 more reply"
    page.press(f"#m-{first.pk}-more a")
    assert shown(page.soup) == [mine.pk, first.pk, new.pk]


def test_a_reply_that_was_offered_and_deleted_is_offered_no_more(open_page, mine):
    first = reply_to(mine)
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    new = reply_to(mine)
    page.ask()
    services.delete_message(message=new, author=new.sender)

    page.ask()

    assert not page.find(f"#m-{first.pk}-more")
    assert "1 reply" in page.find(f"#m-{mine.pk}-summary").text


def test_what_is_offered_behind_a_deleted_reply_is_offered_once(open_page, mine):
    first, second = reply_to(mine), reply_to(mine)
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    reply_to(mine)
    page.ask()
    assert page.find(f"#m-{second.pk}-more")
    services.delete_message(message=second, author=second.sender)

    page.ask()

    assert page.find(f"#m-{first.pk}-more").text.strip() == "1 more reply"
    assert not page.find(f"#m-{second.pk}-more")


def test_a_reply_deleted_together_with_what_keeps_its_place_is_counted_no_more(open_page, mine):
    read(only := reply_to(mine))
    other = MessageFactory(sender=mine.sender, receiver=mine.receiver)
    read(reply_to(other))
    page = open_page(url_of("conversation_detail", mine.conversation_id))
    assert "1 reply" in page.find(f"#m-{mine.pk}-thread").text
    Message.objects.filter(pk__in=[only.pk, other.pk]).delete()

    page.ask()

    assert "Message deleted" in page.find(f"#m-{other.pk}").text
    assert not page.find(f"#m-{mine.pk}-thread").text.strip()


def test_a_reply_too_deep_to_be_drawn_is_counted_on_the_way_to_it(open_page, mine):
    deep = chain(mine, 4)
    page = open_page(url_of("message_detail", mine.pk))
    reply_to(deep)

    page.ask()

    assert "1 more reply" in page.find(f"#m-{deep.pk}-thread .continue").text
    assert "5 replies" in page.find(f"#m-{mine.pk}-summary").text


def test_a_name_changes_wherever_it_stands(page, ben, theirs):
    ben.first_name = "Benjamin Ode"
    ben.save()

    page.ask()

    assert "Benjamin" in page.find(f"#m-{theirs.pk} .msg-by").text
    assert "Benjamin" in page.find("#conversation-list").text


def test_another_conversation_changes_only_what_stands_around(page, ana, stranger):
    other = MessageFactory(sender=stranger, receiver=ana)

    answer = soup(page.ask())

    assert not answer.select("article")
    assert page.find("#unread-count")["data-unread"] == "2"
    assert page.find(f"#row-{other.conversation_id}")


def test_a_page_of_older_messages_offers_nothing_new(as_ana, ana, ben, theirs):
    url = url_of("conversation_detail", theirs.conversation_id) + f"?before={theirs.pk + 1}"
    page = OpenPage(as_ana, url)
    MessageFactory(sender=ben, receiver=ana)

    page.ask()

    assert not page.find("#new-pill a")
    assert page.find("#unread-count")["data-unread"] == "2"


def test_the_inbox_offers_what_is_new_and_drops_what_is_read(open_page, ana, ben, theirs):
    page = open_page(url_of("inbox"))
    edited = MessageFactory(sender=ben, receiver=ana)
    page.ask()
    assert page.find("#new-pill a").text.strip() == "1 new message"
    page.press("#new-pill a")
    assert page.find(f"#u-m-{edited.pk}")
    assert page.find("#read-all [name=up_to]")["value"] == str(edited.pk)
    read(theirs)
    edit(edited, "Said better")

    page.ask()

    assert not page.find(f"#u-m-{theirs.pk}")
    assert "Said better" in page.find(f"#u-m-{edited.pk}").text
    assert page.find("#unread-line").text.split() == ["1", "message", "in", "1", "conversation"]
    assert not page.find("#new-pill a")


def test_other_pages_count(open_page, ana, ben):
    mine = MessageFactory(sender=ana, receiver=ben)
    page = open_page(reverse("accounts:account"))
    MessageFactory(sender=ben, receiver=ana)
    reply_to(mine)

    page.ask()

    assert page.find("#unread-count .count").text == "2"

    assert page.find("#bell-count .count").text == "1"
    assert not page.find("#new-pill")


def test_changes_take_15_statements(page, ana, ben, theirs):
    MessageFactory(sender=ben, receiver=ana)
    reply_to(theirs)
    edit(theirs, "Again")

    with at_most(15):
        page.ask()


def test_a_page_knows_the_version_it_was_made_with(page, ana, theirs):
    conversation = Conversation.objects.visible_to(ana).get(pk=theirs.conversation_id)
    versions = (Mailbox.objects.get(user=ana).version, conversation.version, 0)

    assert page.find("#changes")["data-since"] == ".".join(map(str, versions))
