"""Threads of any size: what is drawn of them, and that everything else can be reached."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from chats.threads import reply_rows
from chats.threads.layout import DRAWN, LEVELS, load
from chats.threads.layout_steps import Count
from chats.threads.reply_rows import REPLIES
from common.compiled_queries import CompiledQuery
from messaging import services
from messaging.models import Message
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.chats.large_threads import chain_below, replies_to, top_level_messages
from tests.chats.page_contents import all_followed, all_pressed, pressed, shown
from tests.factories import MessageFactory, chain, reply_to
from tests.html import soup

MORE = "li.more a[hx-get]"


def conversation_page(client, message):
    return soup(client.get(address("conversation_detail", message)))


def page_of(client, pk):
    return soup(client.get(url_of("message_detail", pk)))


def thread_of(client, pk, level=0):
    url = url_of("message_detail", pk)
    return soup(client.get(url, {"part": "thread", "level": level}, headers=HTMX))


def ordered(pks):
    return sorted(pks) == list(pks)


# --- Closed and open ------------------------------------------------------------------------------


def test_a_read_thread_is_a_pill_with_faces_count_and_last_time(as_ana, mine, time_travel):
    first = reply_to(mine, "One")
    reply_to(first, "Two")
    last = reply_to(first, "Three")
    Message.objects.update(read=True)
    Message.objects.filter(pk=mine.pk).update(timestamp="2026-03-02T09:00Z")
    Message.objects.filter(pk=last.pk).update(timestamp="2026-03-02T14:05Z")
    time_travel("2026-03-02T18:00Z")

    page = conversation_page(as_ana, mine)

    pill = page.select_one(f"#m-{mine.pk}-thread a.thread-open")
    assert "3 replies" in pill.text
    assert "last at 14:05" in " ".join(pill.text.split())
    faces = [face.text for face in pill.select(".faces .avatar")]
    assert faces == ["BO", "AL"]
    assert pill["href"] == url_of("message_detail", mine.pk)
    assert pill["hx-target"] == f"#m-{mine.pk}-thread"
    assert shown(page) == [mine.pk]
    assert last.pk not in shown(page)


def test_a_pill_of_one_person_has_one_face(as_ana, mine):
    reply_to(mine, "One")
    reply_to(mine, "Two")
    Message.objects.update(read=True)

    pill = conversation_page(as_ana, mine).select_one("a.thread-open")

    assert [face.text for face in pill.select(".faces .avatar")] == ["BO"]


def test_a_thread_with_something_unread_stands_open(as_ana, mine):
    reply = reply_to(mine)
    deeper = reply_to(reply, sender=mine.receiver)
    Message.objects.filter(pk=reply.pk).update(read=True)

    page = conversation_page(as_ana, mine)

    assert shown(page) == [mine.pk, reply.pk, deeper.pk]
    assert page.select_one(f"#m-{mine.pk}-thread > details[open]")
    assert page.select_one("article.is-unread")["id"] == f"m-{deeper.pk}"


def test_only_threads_with_something_unread_stand_open(as_ana, mine):
    reply_to(mine)
    Message.objects.update(read=True)
    other = MessageFactory(sender=mine.sender, receiver=mine.receiver)
    unread = reply_to(other)

    assert shown(conversation_page(as_ana, mine)) == [mine.pk, other.pk, unread.pk]


def test_what_the_other_person_has_not_read_opens_nothing(as_ana, theirs):
    reply_to(theirs, sender=theirs.receiver)
    Message.objects.filter(pk=theirs.pk).update(read=True)

    assert shown(conversation_page(as_ana, theirs)) == [theirs.pk]


def test_pressing_a_pill_opens_the_thread(as_ana, mine):
    first = reply_to(mine)
    second = reply_to(first)
    Message.objects.update(read=True)
    pill = conversation_page(as_ana, mine).select_one("a.thread-open")

    part = pressed(as_ana, pill)

    thread = part.select_one(f"div#m-{mine.pk}-thread")
    assert thread.select_one("details[open] > summary[autofocus]")
    assert shown(part) == [first.pk, second.pk]
    assert part.select_one("#live").text == "2 replies shown"


def test_below_four_levels_a_link_continues(as_ana, mine):
    pks = [mine.pk]
    message = mine
    for _ in range(LEVELS + 3):
        message = reply_to(message)
        pks.append(message.pk)

    page = page_of(as_ana, mine.pk)

    assert shown(page) == pks[: LEVELS + 1]
    link = page.select_one(f"#m-{pks[LEVELS]}-thread > a.continue")
    assert "3 more replies" in link.text
    assert link["href"] == url_of("message_detail", pks[LEVELS])
    assert "hx-get" not in link.attrs
    assert shown(soup(as_ana.get(link["href"]))) == pks[LEVELS:]


@pytest.mark.parametrize("level", range(LEVELS + 1))
def test_a_thread_opened_further_down_ends_at_the_same_level(as_ana, mine, level):
    chain(mine, LEVELS + 3)

    part = thread_of(as_ana, mine.pk, level)

    assert len(shown(part)) == LEVELS - level
    assert len(part.select("a.continue")) == 1


def test_a_deleted_message_keeps_its_place_above_its_replies(as_ana, deleted):
    page = page_of(as_ana, deleted.pk)

    article = page.select_one(f"#m-{deleted.pk}")
    assert article.select_one(".gone").text == "Message deleted"
    assert not article.select("a, button")
    assert shown(page) == [deleted.pk, *deleted.replies.values_list("pk", flat=True)]


# --- More than fits -------------------------------------------------------------------------------


def test_every_reply_is_reached_once(as_ana, mine):
    pks = replies_to(mine, 3 * REPLIES + 7)
    page = page_of(as_ana, mine.pk)
    assert shown(page) == [mine.pk, *pks[:REPLIES]]

    whole = all_pressed(as_ana, page, MORE)

    assert shown(whole) == [mine.pk, *pks]


def test_every_reply_is_reached_once_without_javascript(as_ana, mine):
    pks = replies_to(mine, 3 * REPLIES + 7)

    pages = all_followed(as_ana, page_of(as_ana, mine.pk), MORE)

    assert [pk for page in pages for pk in shown(page)[1:]] == pks
    assert all(shown(page)[0] == mine.pk for page in pages)


def test_replies_to_replies_are_reached_once(as_ana, mine):
    first, second = reply_to(mine), reply_to(mine)
    pks = {first.pk: replies_to(first, REPLIES + 30), second.pk: replies_to(second, REPLIES + 30)}

    whole = all_pressed(as_ana, page_of(as_ana, mine.pk), f"{MORE}, a.thread-open")

    found = shown(whole)
    assert len(found) == len(set(found))
    assert set(found) == {mine.pk, *pks, *pks[first.pk], *pks[second.pk]}


@pytest.mark.parametrize("number", [REPLIES - 1, REPLIES, REPLIES + 1, REPLIES + 2, 3 * REPLIES])
def test_after_a_reply_each_reply_is_reached_once(as_ana, mine, number):
    pks = replies_to(mine, number)

    answer = soup(as_ana.post(address("message_reply", mine), filled_in(mine), headers=HTMX))

    new = Message.objects.latest("pk").pk
    thread = answer.select_one(f"#m-{mine.pk}-thread")
    assert shown(thread) == [*pks[:REPLIES], new]
    left_out = max(0, number - REPLIES)
    more = thread.select_one(MORE)
    assert (more is not None) == (left_out > 0)
    if more:
        said = "99+" if left_out > 99 else left_out
        assert more.text.strip().startswith(f"{said} more repl")
    assert shown(all_pressed(as_ana, thread, MORE)) == [*pks, new]


def test_a_reply_sent_twice_hides_none_of_those_after_it(as_ana, mine):
    pks = replies_to(mine, 2 * REPLIES)
    typed = filled_in(mine)
    as_ana.post(address("message_reply", mine), typed)
    again = Message.objects.latest("pk").pk
    pks += [again, *replies_to(mine, 2 * REPLIES)]

    answer = soup(as_ana.post(address("message_reply", mine), typed, headers=HTMX))

    thread = answer.select_one(f"#m-{mine.pk}-thread")
    assert again in shown(thread)
    assert shown(all_pressed(as_ana, thread, MORE)) == pks


@pytest.mark.parametrize("number", [0, REPLIES - 1, REPLIES, 3 * REPLIES])
def test_after_a_plain_reply_one_comes_to_where_it_is(as_ana, mine, number):
    if number:
        replies_to(mine, number)

    response = as_ana.post(address("message_reply", mine), filled_in(mine))

    page, _, fragment = response["Location"].partition("#")
    new = Message.objects.latest("pk")
    assert fragment == f"m-{new.pk}"
    assert new.pk in shown(soup(as_ana.get(page)))


def test_after_a_plain_reply_far_down_one_comes_to_where_it_is(as_ana, mine):
    last = Message.objects.get(pk=chain_below(mine, 30)[-1])

    response = as_ana.post(address("message_reply", last), filled_in(last))

    page = soup(as_ana.get(response["Location"].partition("#")[0]))
    assert shown(page) == [last.pk, Message.objects.latest("pk").pk]


@pytest.mark.parametrize("level", range(LEVELS + 1))
def test_a_reply_at_any_level_is_drawn_or_linked(as_ana, mine, level):
    last = chain(mine, level) if level else mine

    typed = filled_in(last, level=level)
    answer = soup(as_ana.post(address("message_reply", last), typed, headers=HTMX))

    new = Message.objects.latest("pk").pk
    thread = answer.select_one(f"#m-{last.pk}-thread[hx-swap-oob]")
    focused = thread.select_one("[autofocus]")
    if level < LEVELS:
        assert focused["id"] == f"m-{new}"
    else:
        assert focused["class"] == ["continue"]
        assert new in shown(soup(as_ana.get(focused["href"])))
    assert not answer.select(f"#m-{last.pk}-slot textarea")


# --- Very many ------------------------------------------------------------------------------------


def test_a_chain_of_five_thousand_can_be_used(as_ana, mine):
    pks = [mine.pk, *chain_below(mine, 5_000)]

    page = conversation_page(as_ana, mine)
    assert shown(page) == [mine.pk]
    assert "99+ replies" in page.select_one("a.thread-open").text
    assert shown(pressed(as_ana, page.select_one("a.thread-open"))) == pks[1 : LEVELS + 1]

    for place in (0, 2_500, 4_990, 5_000):
        page = page_of(as_ana, pks[place])
        assert shown(page) == pks[place : place + LEVELS + 1]
        assert len(page.select("nav.above a")) == (4 if place else 0)

    last = Message.objects.get(pk=pks[-1])
    assert soup(as_ana.get(address("message_reply", last), headers=HTMX)).form
    part = soup(as_ana.post(address("message_reply", last), filled_in(last), headers=HTMX))
    assert Message.objects.latest("pk").pk in shown(part)


def test_a_chain_is_followed_from_link_to_link(as_ana, mine):
    pks = [mine.pk, *chain_below(mine, 40)]

    pages = all_followed(as_ana, page_of(as_ana, mine.pk), "a.continue")

    assert [shown(page) for page in pages] == [
        pks[start : start + LEVELS + 1] for start in range(0, 40, LEVELS)
    ]


def test_a_message_with_ten_thousand_replies_can_be_used(as_ana, mine):
    pks = replies_to(mine, 10_000)

    page = conversation_page(as_ana, mine)
    assert shown(page) == [mine.pk]
    pill = page.select_one("a.thread-open")
    assert "99+ replies" in pill.text

    part = pressed(as_ana, pill)
    assert shown(part) == pks[:REPLIES]
    more = part.select_one(MORE)
    assert more.text.strip().startswith("99+ more replies")
    assert shown(pressed(as_ana, more)) == pks[REPLIES : 2 * REPLIES]
    assert shown(soup(as_ana.get(more["href"])))[1:] == pks[REPLIES : 2 * REPLIES]

    late = url_of("message_detail", mine.pk) + f"?after={pks[-3]}"
    assert shown(soup(as_ana.get(late))) == [mine.pk, *pks[-2:]]

    part = soup(as_ana.post(address("message_reply", mine), filled_in(mine), headers=HTMX))
    new = Message.objects.latest("pk").pk
    thread = part.select_one(f"#m-{mine.pk}-thread")
    assert shown(thread) == [*pks[:REPLIES], new]
    gap = thread.select_one(MORE)
    assert f"before={new}" in gap["hx-get"]
    assert gap.text.strip().startswith("99+ more replies")


@pytest.fixture
def few_known(monkeypatch):
    """As if threads were larger: fewer rows are looked at at once than the tests make."""
    monkeypatch.setattr("chats.threads.reply_rows.KNOWN", 100)
    monkeypatch.setattr(
        "chats.threads.reply_rows._BELOW", CompiledQuery(reply_rows._below)
    )  # its SQL holds the number
    monkeypatch.setattr("chats.threads.conversation_list.KNOWN", 100)


def test_a_thread_wider_than_is_looked_at_hides_nothing(few_known, as_ana, mine):
    direct = replies_to(mine, 15)
    below = {pk: replies_to(Message.objects.get(pk=pk), 12) for pk in direct[:10]}

    page = page_of(as_ana, mine.pk)
    assert shown(page) == [mine.pk, *direct]
    for pk in direct:
        pill = page.select_one(f"#m-{pk}-thread a.thread-open")
        assert (pill is not None) == (pk in below)
        assert pill is None or "12+ replies" in pill.text

    whole = all_pressed(as_ana, page, f"{MORE}, a.thread-open")
    found = shown(whole)
    assert len(found) == len(set(found))
    assert set(found) == {mine.pk, *direct, *(pk for pks in below.values() for pk in pks)}


def test_what_is_new_shows_on_a_thread_wider_than_is_looked_at(few_known, as_ana, mine):
    direct = [Message.objects.get(pk=pk) for pk in replies_to(mine, 12)]
    for reply in direct:
        replies_to(reply, 12)
    reply_to(direct[3], "New", sender=mine.receiver)

    page = page_of(as_ana, mine.pk)

    new = page.select("a.thread-open .tag-new")
    assert [tag.text for tag in new] == ["1 new"]
    assert new[0].find_parent("div")["id"] == f"m-{direct[3].pk}-thread"


def test_a_thread_deeper_than_is_looked_at_is_drawn_to_the_last_level(few_known, as_ana, mine):
    pks = chain_below(mine, 300)

    page = page_of(as_ana, mine.pk)

    assert shown(page) == [mine.pk, *pks[:LEVELS]]
    assert "97+ more replies" in page.select_one("a.continue").text  # 101 rows were looked at


def test_of_one_reply_or_more_one_speaks_as_of_several():
    assert Count.of(1).plural == 1
    assert Count.of(1, at_least=True).plural == 2


def test_a_reply_deleted_while_the_page_is_made_is_left_out(as_ana, mine, monkeypatch):
    replies_to(mine, 3)
    gone, *rest = mine.replies.order_by("pk")

    def and_delete(*args):
        if Message.objects.filter(pk=gone.pk).exists():
            services.delete_message(message=gone, author=gone.sender)
        return load(*args)

    monkeypatch.setattr("chats.threads.layout.load", and_delete)

    assert shown(page_of(as_ana, mine.pk)) == [mine.pk, *(reply.pk for reply in rest)]


def test_threads_are_opened_whole_or_not_at_all(monkeypatch, as_ana, conversation, ana):
    monkeypatch.setattr("chats.threads.reply_rows.KNOWN", 50)
    monkeypatch.setattr("chats.threads.conversation_list.KNOWN", 50)
    roots = top_level_messages(conversation, ana, 8)
    for pk in roots:
        replies_to(Message.objects.get(pk=pk), 30, unread=True)

    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))

    threads = [page.select_one(f"#m-{pk}-thread") for pk in roots]
    assert {len(shown(thread)) for thread in threads} == {0, 30}
    for thread in threads:
        if not thread.details:
            assert "30 new" in thread.select_one("a.thread-open").text


def test_however_much_is_unread_each_thread_says_so(as_ana, conversation, ana):
    first, second = (Message.objects.get(pk=pk) for pk in top_level_messages(conversation, ana, 2))
    replies_to(first, 600, unread=True)
    replies_to(second, 1_100, unread=True)

    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))

    assert [tag.text for tag in page.select("a.thread-open .tag-new")] == ["99+ new", "99+ new"]


@pytest.mark.parametrize("each", [1, 3, 20])
def test_a_page_draws_a_hundred_messages_at_most(as_ana, conversation, ana, each):
    roots = top_level_messages(conversation, ana, 25)
    for pk in roots:
        for reply in replies_to(Message.objects.get(pk=pk), each, unread=True):
            replies_to(Message.objects.get(pk=reply), 1)

    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))
    found = shown(page)
    assert 20 <= len(found) <= DRAWN
    assert len(found) == len(set(found))
    for pk in roots[-2:]:
        part = thread_of(as_ana, pk)
        assert len(shown(part)) <= DRAWN
        assert len(shown(page_of(as_ana, pk))) <= DRAWN + 1


# --- What stands above ----------------------------------------------------------------------------


def test_what_a_message_answers_is_named_above_it(as_ana, mine):
    first = reply_to(mine, "First answer")
    second = reply_to(first, "Second answer")

    above = page_of(as_ana, second.pk).select("nav.above a")

    assert [link["href"] for link in above] == [
        url_of("message_detail", mine.pk),
        url_of("message_detail", first.pk),
    ]
    assert above[0].text == "You: What ana wrote"
    assert above[1].text == "Ben Ode: First answer"


def test_the_root_is_named_however_far_up(as_ana, mine):
    pks = chain_below(mine, 150)

    for place, levels in ((3, "4"), (98, "99"), (99, "99+"), (149, "99+")):
        above = page_of(as_ana, pks[place]).select_one("nav.above")
        assert above.a["href"] == url_of("message_detail", mine.pk)
        assert f"{levels} levels up:" in above.text
        assert [link["href"] for link in above.select("a")[1:]] == [
            url_of("message_detail", pk) for pk in pks[place - 3 : place]
        ]


def test_a_deleted_ancestor_is_named_as_deleted(as_ana, deleted):
    reply = deleted.replies.get()

    above = page_of(as_ana, reply.pk).select_one("nav.above a")

    assert "Message deleted" in above.text
    assert "Said too soon" not in above.text


def test_a_message_that_begins_a_thread_has_nothing_above(as_ana, mine):
    assert not page_of(as_ana, mine.pk).select("nav.above")


# --- Older messages -------------------------------------------------------------------------------


@pytest.fixture
def days(conversation, ana, time_travel):
    """Ids of ninety messages over thirty days, some days with one, some with seven."""
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    moments = []
    for day in range(30):
        moments += [begin + timedelta(days=day, minutes=n) for n in range(1 + (day * 5) % 7)]
    time_travel("2026-01-30T20:00Z")
    return top_level_messages(conversation, ana, len(moments), timestamp=moments)


OLDER = "li.older a"


def test_older_messages_are_reached_once(as_ana, conversation, days):
    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))
    assert shown(page) == days[-20:]

    whole = all_pressed(as_ana, page, OLDER)

    assert shown(whole) == days


def test_older_messages_are_reached_once_without_javascript(as_ana, conversation, days):
    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))

    pages = all_followed(as_ana, page, OLDER)

    assert [pk for page in reversed(pages) for pk in shown(page)] == days


def dividers(page):
    return [heading.text for heading in page.select("#feed h2.divider")]


def test_each_day_is_named_once_above_its_messages(as_ana, conversation, days):
    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))

    whole = all_pressed(as_ana, page, OLDER)

    names = dividers(whole)
    assert len(names) == len(set(names)) == 30
    assert names[-2:] == ["Yesterday", "Today"]
    assert names[0] == "Thursday 1 January"
    for heading in whole.select("#feed h2.divider"):
        article = heading.find_next("article")
        message = Message.objects.get(pk=article["id"].removeprefix("m-"))
        if heading.text not in {"Yesterday", "Today"}:
            assert f" {message.timestamp.day} January" in heading.text


def test_a_message_deleted_meanwhile_does_not_take_its_day_along(as_ana, conversation, days):
    by_day = {}
    for message in Message.objects.order_by("pk"):
        by_day.setdefault(message.timestamp.date(), []).append(message)
    day, (first, *others) = next(one for one in by_day.items() if len(one[1]) > 2)
    services.delete_message(message=first, author=first.sender)
    url = url_of("conversation_messages", conversation.pk)

    part = soup(as_ana.get(url, {"before": first.pk}, headers=HTMX))

    assert others[0].pk not in shown(part)
    assert f" {day.day} January" in part.select("h2.divider")[-1].text


def test_the_page_of_a_day_says_where_the_newest_are(as_ana, conversation, days):
    url = url_of("conversation_detail", conversation.pk)

    page = soup(as_ana.get(f"{url}?before={days[-20]}"))

    assert page.select_one("p.newer a")["href"] == f"{url}#latest"
    assert not page.select("#composer")


# --- Links ----------------------------------------------------------------------------------------


def test_every_link_to_a_message_leads_to_where_it_is(as_ana, ana, ben, mine):
    deep = Message.objects.get(pk=chain_below(mine, 8)[-1])
    late = Message.objects.get(pk=replies_to(mine, 120)[-1])
    unread = [reply_to(deep, "deep", sender=ben), reply_to(late, "late", sender=ben)]
    for _ in range(25):
        MessageFactory(sender=ben, receiver=ana)
    conversation = mine.conversation

    links = set()
    for url in (
        url_of("inbox"),
        url_of("notifications"),
        url_of("conversation_detail", conversation.pk),
    ):
        page = soup(as_ana.get(url))
        links |= {link["href"] for link in page.select("main a[href*='/m/']")}
    links = {link for link in links if "#m-" in link}

    assert {f"{url_of('message_detail', one.pk)}#m-{one.pk}" for one in unread} <= links
    for link in links:
        address, _, fragment = link.partition("#")
        assert soup(as_ana.get(address)).select_one(f"article#{fragment}"), link


def test_the_first_unread_is_linked_where_it_can_be_seen(as_ana, ana, ben):
    old = MessageFactory(sender=ben, receiver=ana)
    for _ in range(25):
        MessageFactory(sender=ana, receiver=ben)
    page = conversation_page(as_ana, old)
    assert old.pk not in shown(page)

    link = page.select_one("#unread-here a")

    answer = as_ana.get(link["href"])
    assert answer["Location"] == f"{url_of('message_detail', old.pk)}#m-{old.pk}"
    assert old.pk in shown(soup(as_ana.get(url_of("message_detail", old.pk))))


def test_links_within_a_page_lead_somewhere(as_ana, mine, theirs):
    chain(mine, 3)
    for url in (
        address("conversation_detail", theirs),
        url_of("message_detail", mine.pk),
        url_of("inbox"),
    ):
        page = soup(as_ana.get(url))
        for link in page.select("a[href^='#']"):
            assert page.find(id=link["href"][1:]), link["href"]


def test_a_row_leads_to_the_first_unread_message_and_else_to_the_end(as_ana, theirs):
    def place():
        row = soup(as_ana.get(reverse("chats:inbox"))).select_one("#conversation-list a.row-c")
        answer = as_ana.get(row["href"].partition("#")[0])
        address = answer["Location"] if answer.status_code == 302 else row["href"]
        page, _, place = address.partition("#")
        assert soup(as_ana.get(page)).find(id=place)
        return place

    assert place() == f"m-{theirs.pk}"
    services.mark_as_read(reader=theirs.receiver, messages=Message.objects.all())
    assert place() == "latest"


# --- Where the new begins -------------------------------------------------------------------------


def test_the_line_says_where_its_reader_stopped(as_ana, ana, mine):
    MessageFactory(sender=mine.receiver, receiver=ana)

    line = conversation_page(as_ana, mine).select_one(".new-line")

    assert line.get_text(" ", strip=True) == "You stopped here New"
    assert line.find_previous_sibling("li")["class"] == ["node"]


def test_nobody_stopped_above_the_first_message(as_ana, theirs):
    line = conversation_page(as_ana, theirs).select_one(".new-line")

    assert line.get_text(" ", strip=True) == "New"


def test_nobody_stopped_above_a_page_of_which_nothing_is_read(as_ana, conversation, ben):
    top_level_messages(conversation, ben, 25)

    line = soup(as_ana.get(url_of("conversation_detail", conversation.pk))).select_one(".new-line")

    assert line.get_text(" ", strip=True) == "New"
