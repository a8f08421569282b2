"""What is unread: every count on every page says the same, and it is what the database says."""

import pytest

from accounts.models import Preferences
from messaging import services
from messaging.models import Conversation, Message, Notification
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.chats.large_threads import chain_below, replies_to, top_level_messages
from tests.chats.page_contents import all_followed, all_pressed
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.html import soup

INBOX = "http://testserver/inbox/"


def number(element):
    """The number that a badge shows; hidden when there is none."""
    if element is None:
        return None
    found = element.select_one(".count")
    return int(found.text) if found else 0


def rows_of(page):
    """Unread messages by conversation, as the list of conversations says."""
    return {
        int(row["data-row"]): number(row)
        for row in page.select("#conversation-list a.row-c")
        if number(row)
    }


def marks_on(page):
    return {int(one["id"].removeprefix("m-")) for one in page.select("article.is-unread")}


def cards_on(page):
    return {int(one["id"].removeprefix("u-m-")) for one in page.select(".card-u")}


def all_agrees(client, reader):
    """Every count on every page, on the very next request."""
    there = Message.objects.filter(receiver=reader, read=False)
    told = Notification.objects.filter(user=reader, read=False)
    unread = set(there.values_list("pk", flat=True))
    assert set(told.values_list("message_id", flat=True)) == unread
    answers = {message.pk for message in there.filter(parent_message__sender=reader)}
    by_conversation = {}
    for message in there:
        found = by_conversation.setdefault(message.conversation_id, set())
        found.add(message.pk)
    counted = {pk: len(found) for pk, found in by_conversation.items()}

    inbox = soup(client.get(url_of("inbox")))
    pages = {None: inbox}
    for pk in Conversation.objects.filter(participants__user=reader).values_list("pk", flat=True):
        pages[pk] = soup(client.get(url_of("conversation_detail", pk)))
    for pk, page in pages.items():
        assert number(page.select_one("#unread-count")) == len(unread), pk
        assert int(page.select_one("#unread-count")["data-unread"]) == len(unread)
        assert number(page.select_one("#bell-count")) == len(answers), pk
        assert rows_of(page) == counted, pk
        assert page.title.text.startswith(f"({len(unread)}) ") == bool(unread)
        if pk:
            assert marks_on(page) <= by_conversation.get(pk, set())
            here = len(by_conversation.get(pk, ()))
            said = page.select_one("#unread-here").text
            assert said == (f"{here} unread" if here else "Nothing unread")
    assert cards_on(inbox) == unread
    line = " ".join(inbox.select_one("#unread-line").text.split())
    assert line.startswith(f"{len(unread)} message" if unread else "Everything is read")
    counts = soup(client.get(url_of("notifications"))).select(".bell .count")
    assert sum(int(one.text) for one in counts) == len(answers)
    return unread


def part_agrees(part, reader, conversation=None):
    """The same in an answer to htmx, whose parts go to all places of the page."""
    there = Message.objects.filter(receiver=reader, read=False)
    answers = there.filter(parent_message__sender=reader)
    counted = ("#unread-count", there), ("#bell-count", answers)
    for selector, messages in counted:
        assert number(part.select_one(f"{selector}[hx-swap-oob]")) == messages.count(), selector
    assert part.select_one("#conversation-list[hx-swap-oob]")
    assert sum(rows_of(part).values()) == there.count()
    if conversation:
        here = there.filter(conversation=conversation).count()
        said = part.select_one("#unread-here[hx-swap-oob]").text
        assert said == (f"{here} unread" if here else "Nothing unread")
    elif (line := part.select_one("#unread-line[hx-swap-oob]")) is not None:
        assert line.text.strip().startswith(str(there.count()) if there else "Everything is read")


@pytest.fixture
def mail(ana, ben, stranger):
    """Unread messages to ana: two of ben's, one below ana's own, and one of a third person."""
    first = MessageFactory(sender=ben, receiver=ana, content="First")
    own = MessageFactory(sender=ana, receiver=ben, content="Own")
    reply = reply_to(own, "A reply", sender=ben)
    other = MessageFactory(sender=stranger, receiver=ana, content="From elsewhere")
    return first, reply, other


def on_page(message):
    return HTMX | {
        "HX-Current-URL": f"http://testserver{url_of('conversation_detail', message.conversation_id)}"
    }


# --- After everything one can do ------------------------------------------------------------------


def test_all_counts_agree_to_begin_with(as_ana, ana, mail):
    assert all_agrees(as_ana, ana) == {message.pk for message in mail}


def test_all_counts_agree_when_nothing_is_there(as_ana, ana):
    assert all_agrees(as_ana, ana) == set()


@pytest.mark.parametrize("name", ["message_send", "message_reply"])
def test_all_counts_agree_after_sending(as_ana, as_ben, ana, ben, mail, name):
    first, *_ = mail

    part = soup(as_ana.post(address(name, first), filled_in(first), headers=on_page(first)))

    part_agrees(part, ana, first.conversation)
    assert len(all_agrees(as_ana, ana)) == 3
    assert len(all_agrees(as_ben, ben)) == 2


def test_all_counts_agree_after_reading_one(as_ana, ana, mail):
    first, *_ = mail

    part = soup(as_ana.post(address("message_read", first), headers=on_page(first)))

    part_agrees(part, ana, first.conversation)
    assert not part.select(f"#m-{first.pk}.is-unread")
    assert part.select_one("#live").text == "Marked read, 2 left"
    assert first.pk not in all_agrees(as_ana, ana)


def test_all_counts_agree_after_reading_one_in_the_inbox(as_ana, ana, mail):
    first, *_ = mail
    headers = HTMX | {"HX-Current-URL": INBOX}

    part = soup(as_ana.post(address("message_read", first), headers=headers))

    part_agrees(part, ana)
    assert part.select_one("#unread-line[hx-swap-oob]")
    assert len(all_agrees(as_ana, ana)) == 2


def test_all_counts_agree_after_marking_one_unread_again(as_ana, ana, mail):
    first, *_ = mail
    as_ana.post(address("message_read", first))

    part = soup(as_ana.post(address("message_unread", first), headers=on_page(first)))

    part_agrees(part, ana, first.conversation)
    assert part.select(f"#m-{first.pk}.is-unread .unread-mark")
    assert len(all_agrees(as_ana, ana)) == 3


def test_all_counts_agree_after_reading_a_conversation(as_ana, ana, mail):
    first, _reply, other = mail
    page = soup(as_ana.get(url_of("conversation_detail", first.conversation_id)))
    up_to = page.select_one(".conv-head form [name=up_to]")["value"]

    url = url_of("conversation_read", first.conversation_id)
    part = soup(as_ana.post(url, {"up_to": up_to}, headers=on_page(first)))

    part_agrees(part, ana, first.conversation)
    assert part.select_one("ol#feed")
    assert not marks_on(part)
    assert part.select_one("#live").text == "2 messages marked read"
    assert all_agrees(as_ana, ana) == {other.pk}


def test_all_counts_agree_after_reading_everything(as_ana, ana, mail):
    page = soup(as_ana.get(url_of("inbox")))
    up_to = page.select_one(".page-head form [name=up_to]")["value"]
    headers = HTMX | {"HX-Current-URL": INBOX}

    part = soup(as_ana.post(url_of("inbox_read"), {"up_to": up_to}, headers=headers))

    part_agrees(part, ana)
    assert part.select_one("#unread .empty")
    assert part.select_one("#live").text == "3 messages marked read"
    assert all_agrees(as_ana, ana) == set()


def test_all_counts_agree_after_messages_were_seen(as_ana, ana, mail):
    first, reply, other = mail
    seen = {"seen": [first.pk, reply.pk, other.pk]}

    url = url_of("conversation_seen", first.conversation_id)
    part = soup(as_ana.post(url, seen, headers=on_page(first)))

    part_agrees(part, ana, first.conversation)
    assert not part.select("article, #live")
    assert all_agrees(as_ana, ana) == {other.pk}


def test_all_counts_agree_after_clearing_notifications(as_ana, ana, mail):
    page = soup(as_ana.get(url_of("notifications")))
    up_to = page.select_one("main form [name=up_to]")["value"]

    part = soup(as_ana.post(url_of("notifications_read"), {"up_to": up_to}, headers=HTMX))

    part_agrees(part, ana)
    assert not part.select(".bell .count")
    first, _reply, other = mail
    assert all_agrees(as_ana, ana) == {first.pk, other.pk}


def test_all_counts_agree_after_a_deletion(as_ana, as_ben, ana, mail):
    first, reply, _other = mail
    as_ben.post(address("message_delete", reply))
    assert len(all_agrees(as_ana, ana)) == 2

    reply_to(first, "Below it", sender=ana)
    as_ben.post(address("message_delete", first))

    assert len(all_agrees(as_ana, ana)) == 1


def test_all_counts_agree_after_an_edit(as_ana, as_ben, ana, mail):
    first, *_ = mail
    as_ana.post(address("message_read", first))

    as_ben.post(address("message_edit", first), filled_in(first, content="Changed"))

    assert first.pk not in all_agrees(as_ana, ana)


def test_all_counts_agree_after_an_account_is_gone(as_ana, ana, stranger, mail):
    stranger.delete()

    assert len(all_agrees(as_ana, ana)) == 2


def test_plain_forms_change_the_same(as_ana, ana, mail):
    first, reply, other = mail
    as_ana.post(address("message_read", first))
    assert all_agrees(as_ana, ana) == {reply.pk, other.pk}
    as_ana.post(address("message_unread", first))
    as_ana.post(url_of("conversation_seen", first.conversation_id), {"seen": [reply.pk]})
    assert all_agrees(as_ana, ana) == {first.pk, other.pk}
    version = Conversation.objects.get(pk=first.conversation_id).version
    as_ana.post(url_of("conversation_read", first.conversation_id), {"up_to": version})
    assert all_agrees(as_ana, ana) == {other.pk}
    as_ana.post(url_of("inbox_read"), {"up_to": other.pk})
    assert all_agrees(as_ana, ana) == set()


# --- What came later, and what was not shown ------------------------------------------------------


def test_what_came_after_the_page_stays_unread(as_ana, ana, ben, mail):
    first, _reply, other = mail
    page = soup(as_ana.get(url_of("conversation_detail", first.conversation_id)))
    up_to = page.select_one(".conv-head form [name=up_to]")["value"]
    later = [MessageFactory(sender=ben, receiver=ana), reply_to(first, sender=ben)]

    as_ana.post(url_of("conversation_read", first.conversation_id), {"up_to": up_to})

    assert all_agrees(as_ana, ana) == {other.pk, *(message.pk for message in later)}


def test_what_was_edited_after_the_page_stays_unread(as_ana, as_ben, ana, mail):
    first, _reply, other = mail
    page = soup(as_ana.get(url_of("conversation_detail", first.conversation_id)))
    up_to = page.select_one(".conv-head form [name=up_to]")["value"]
    as_ben.post(address("message_edit", first), filled_in(first, content="Not what ana saw"))

    as_ana.post(url_of("conversation_read", first.conversation_id), {"up_to": up_to})

    assert all_agrees(as_ana, ana) == {first.pk, other.pk}


def test_what_came_after_the_inbox_stays_unread(as_ana, ana, ben, mail):
    page = soup(as_ana.get(url_of("inbox")))
    up_to = page.select_one(".page-head form [name=up_to]")["value"]
    later = MessageFactory(sender=ben, receiver=ana)

    as_ana.post(url_of("inbox_read"), {"up_to": up_to})

    assert all_agrees(as_ana, ana) == {later.pk}


def test_what_came_after_the_notifications_stays_unread(as_ana, ana, ben, mail):
    page = soup(as_ana.get(url_of("notifications")))
    up_to = page.select_one("main form [name=up_to]")["value"]
    first, reply, other = mail
    later = reply_to(reply.parent_message)

    as_ana.post(url_of("notifications_read"), {"up_to": up_to})

    assert all_agrees(as_ana, ana) == {first.pk, other.pk, later.pk}


@pytest.mark.parametrize("name", ["conversation_read", "inbox_read", "notifications_read"])
def test_a_form_without_its_number_marks_nothing(as_ana, ana, mail, name, headers):
    as_ana.post(address(name, mail[0]), headers=headers)

    assert len(all_agrees(as_ana, ana)) == 3


def test_what_is_behind_a_link_stays_unread(as_ana, ana, ben, mail):
    first, reply, other = mail
    last = Message.objects.get(pk=chain_below(reply, 10)[-1])
    unread = reply_to(last, "Far down", sender=ben)
    page = soup(as_ana.get(url_of("conversation_detail", first.conversation_id)))
    drawn = marks_on(page)
    assert unread.pk not in drawn

    as_ana.post(url_of("conversation_seen", first.conversation_id), {"seen": sorted(drawn)})

    assert all_agrees(as_ana, ana) == {unread.pk, other.pk}


def test_what_was_not_seen_stays_unread(as_ana, ana, mail):
    first, reply, other = mail

    as_ana.post(url_of("conversation_seen", first.conversation_id), {"seen": [reply.pk]})

    assert all_agrees(as_ana, ana) == {first.pk, other.pk}


def test_a_hundred_messages_are_seen_at_once_at_most(as_ana, conversation, ben):
    pks = top_level_messages(conversation, ben, 120)

    as_ana.post(url_of("conversation_seen", conversation.pk), {"seen": pks})

    assert Message.objects.filter(read=True).count() == 100


def test_seeing_marks_only_ones_own(as_ana, ana, ben, mail, foreign):
    mine = MessageFactory(sender=ana, receiver=ben)
    other = mail[2]
    seen = {"seen": [mine.pk, foreign.pk, other.pk, 10**6]}

    as_ana.post(url_of("conversation_seen", mine.conversation_id), seen)

    assert not Message.objects.filter(read=True).exists()
    assert len(all_agrees(as_ana, ana)) == 3


def test_looking_reads_nothing(as_ana, ana, mail):
    for url in (
        url_of("inbox"),
        url_of("notifications"),
        *(url_of("conversation_detail", message.conversation_id) for message in mail),
        *(url_of("message_detail", message.pk) for message in mail),
    ):
        as_ana.get(url)

    assert len(all_agrees(as_ana, ana)) == 3


def test_reading_on_sight_can_be_turned_off(as_ana, ana, mail):
    url = url_of("conversation_detail", mail[0].conversation_id)
    assert soup(as_ana.get(url)).select("form#seen")
    Preferences.objects.create(user=ana, read_on_sight=False)

    assert not soup(as_ana.get(url)).select("form#seen")


def test_unread_messages_of_everybody_count_for_their_receiver_only(as_ben, ben, mail):
    assert len(all_agrees(as_ben, ben)) == 1  # ana's own


# --- Lists that do not fit ------------------------------------------------------------------------


def test_all_unread_messages_are_reached_once(as_ana, ana, conversation, ben):
    pks = top_level_messages(conversation, ben, 130)
    page = soup(as_ana.get(url_of("inbox")))
    assert len(cards_on(page)) == 50

    pages = all_followed(as_ana, page, "#unread li.more a")
    found = [card for one in pages for card in one.select(".card-u")]
    assert sorted(card["id"] for card in found) == sorted(f"u-m-{pk}" for pk in pks)

    whole = all_pressed(as_ana, page, "#unread li.more a")
    assert [card["id"] for card in whole.select(".card-u")] == [card["id"] for card in found]


def test_all_conversations_are_reached_once_even_of_one_moment(as_ana, ana):
    messages = [MessageFactory(sender=UserFactory(), receiver=ana) for _ in range(70)]
    ana.participations.update(last_activity="2026-03-02T10:00Z")
    expected = {message.conversation_id for message in messages}
    more = "#conversation-list li.more a"

    for url in (url_of("inbox"), url_of("inbox") + "?show=unread"):
        page = soup(as_ana.get(url))
        assert len(page.select("a.row-c")) == 30
        pages = all_followed(as_ana, page, more)
        found = [int(row["data-row"]) for one in pages for row in one.select("a.row-c")]
        assert len(found) == 70
        assert set(found) == expected

    whole = all_pressed(as_ana, soup(as_ana.get(url_of("inbox"))), more)
    found = [int(row["data-row"]) for row in whole.select("a.row-c")]
    assert len(found) == 70
    assert set(found) == expected


def test_only_conversations_with_something_unread_are_reached(as_ana, ana):
    for place in range(70):
        message = MessageFactory(sender=UserFactory(), receiver=ana)
        if place % 2:
            services.mark_as_read(reader=ana, messages=Message.objects.filter(pk=message.pk))
    headers = HTMX | {"HX-Current-URL": f"{INBOX}?show=unread"}
    page = soup(as_ana.get(url_of("inbox") + "?show=unread"))
    assert len(page.select("a.row-c.has-unread")) == 30

    link = page.select_one("#conversation-list li.more a")
    part = soup(as_ana.get(link["hx-get"], headers=headers))

    assert len(part.select("a.row-c")) == len(part.select("a.row-c.has-unread")) == 5
    plain = soup(as_ana.get(link["href"]))
    assert len(plain.select("a.row-c")) == len(plain.select("a.row-c.has-unread")) == 5


def test_all_notifications_are_reached_once(as_ana, ana, ben):
    mine = [MessageFactory(sender=ana, receiver=ben) for _ in range(250)]
    replies = [reply_to(one) for one in mine]
    expected = [f"{url_of('message_detail', one.pk)}#m-{one.pk}" for one in reversed(replies)]
    page = soup(as_ana.get(url_of("notifications")))

    pages = all_followed(as_ana, page, "main li.more a")
    assert [one["href"] for each in pages for one in each.select("main a.bell")] == expected
    whole = all_pressed(as_ana, page, "main li.more a")
    assert [one["href"] for one in whole.select("main a.bell")] == expected


def test_replies_of_a_page_replies_to_do_not_count_for_its_author(as_ana, ana, ben, mine):
    replies_to(mine, 3, unread=True)

    assert len(all_agrees(as_ana, ana)) == 3


def test_the_bell_gathers_replies_by_thread_and_leads_to_the_oldest_unread_one(as_ana, ana, ben):
    mine, another = (MessageFactory(sender=ana, receiver=ben) for _ in range(2))
    read, first, _second = (reply_to(mine) for _ in range(3))
    services.mark_as_read(reader=ana, messages=Message.objects.filter(pk=read.pk))
    reply_to(another)
    last = reply_to(first, "Ana asks back", sender=ana) and reply_to(mine, "The newest")
    MessageFactory(sender=ben, receiver=ana, content="No answer, and so none of the bell's")
    reply_to(last, "Ben goes on", sender=ben)

    page = soup(as_ana.get(url_of("notifications")))

    bells = page.select("main .bell")
    assert [one.select_one(".count").text for one in bells] == ["3", "1"]
    assert "replied to you, 4 times" in " ".join(bells[0].text.split())
    assert bells[0].select_one("q").text == "The newest"
    assert bells[0]["href"] == f"{url_of('message_detail', first.pk)}#m-{first.pk}"
    assert number(page.select_one("#bell-count")) == 4


@pytest.mark.parametrize(("number", "said"), [(999, "999"), (1_000, "999+"), (1_001, "999+")])
def test_the_bell_counts_no_further_than_999(as_ana, mine, number, said):
    """Whoever has fifty thousand must not wait for every page until they are counted."""
    replies_to(mine, number, unread=True)

    page = soup(as_ana.get(url_of("inbox")))

    assert page.select_one("#bell-count .count").text == said
