"""The order of a conversation: by the beginnings of its threads, or by their latest replies."""

import random

import pytest
from django.urls import reverse

from chats.threads.conversation_list import ROOTS
from messaging import services
from messaging.models import Message, Participant
from tests.chats.addresses import url_of
from tests.chats.conftest import HTMX, signed_in
from tests.chats.large_threads import top_level_messages
from tests.factories import MessageFactory, reply_to
from tests.html import soup


def choose(client, conversation_pk, order):
    return client.post(url_of("conversation_order", conversation_pk), {"order": order})


def roots_of(page):
    return [
        int(one["id"][2:]) for one in page.select(".feed > .node > article, body > .node > article")
    ]


def roots_shown(client, conversation_pk, **query):
    return roots_of(soup(client.get(url_of("conversation_detail", conversation_pk), query)))


@pytest.fixture
def three(ana, ben):
    """Three messages of ana's that begin threads; the first one was answered last."""
    messages = [MessageFactory(sender=ana, receiver=ben) for _ in range(3)]
    reply_to(messages[0])
    return messages


def test_the_thread_that_was_answered_last_stands_at_the_end(as_ana, three):
    first, second, third = (message.pk for message in three)
    conversation = three[0].conversation_id
    assert roots_shown(as_ana, conversation) == [first, second, third]

    answer = choose(as_ana, conversation, "activity")

    assert answer.status_code == 302
    assert answer.url == f"{url_of('conversation_detail', conversation)}#latest"
    assert roots_shown(as_ana, conversation) == [second, third, first]
    choose(as_ana, conversation, "start")
    assert roots_shown(as_ana, conversation) == [first, second, third]


def test_the_order_is_remembered_for_one_person_and_one_conversation(as_ana, ben, three, stranger):
    elsewhere = MessageFactory(sender=stranger, receiver=three[0].sender)
    choose(as_ana, three[0].conversation_id, "activity")

    chosen = Participant.objects.filter(by_activity=True)

    assert [(one.user, one.conversation_id) for one in chosen] == [
        (three[0].sender, three[0].conversation_id)
    ]
    assert roots_shown(signed_in(ben), three[0].conversation_id) == [one.pk for one in three]
    assert roots_shown(as_ana, elsewhere.conversation_id) == [elsewhere.pk]


def test_a_cached_list_is_not_shown_in_the_other_order(as_ana, three):
    conversation = three[0].conversation_id
    before = roots_shown(as_ana, conversation)
    choose(as_ana, conversation, "activity")
    by_activity = roots_shown(as_ana, conversation)

    assert by_activity != before
    assert roots_shown(as_ana, conversation) == by_activity
    choose(as_ana, conversation, "start")
    assert roots_shown(as_ana, conversation) == before


def test_all_pages_of_older_messages_together_hold_each_thread_once(as_ana, ana, ben, three):
    conversation = three[0].conversation
    pks = top_level_messages(conversation, ana, 2 * ROOTS + 5)
    for pk in random.Random(3).sample(pks, 20):  # noqa: S311 - the same threads at each run
        reply_to(Message.objects.get(pk=pk))
    choose(as_ana, conversation.pk, "activity")

    pages, page = [], soup(as_ana.get(url_of("conversation_detail", conversation.pk)))
    while True:
        pages.insert(0, roots_of(page))
        older = page.select_one(".older a")
        if older is None:
            break
        page = soup(as_ana.get(older["href"]))

    found = [pk for one in pages for pk in one]
    activity = dict(Message.objects.top_level().with_activity().values_list("pk", "activity"))
    assert found == sorted(activity, key=activity.__getitem__)
    assert [len(one) for one in pages[1:]] == [ROOTS] * (len(pages) - 1)


def test_dividers_name_the_day_of_the_latest_reply_and_messages_their_own(
    as_ana, three, time_travel
):
    first = three[0]
    Message.objects.update(read=True)
    Message.objects.filter(thread=None).update(timestamp="2026-03-01T09:00Z")
    Message.objects.filter(thread=first).update(timestamp="2026-03-04T14:05Z")
    time_travel("2026-03-04T18:00Z")
    choose(as_ana, first.conversation_id, "activity")

    page = soup(as_ana.get(url_of("conversation_detail", first.conversation_id)))

    assert [day["datetime"] for day in page.select(".feed .divider time")] == [
        "2026-03-01",
        "2026-03-04",
    ]
    article = page.select_one(f"#m-{first.pk}")
    assert "1 Mar" in article.select_one(".msg-time").text


def test_a_message_that_is_drawn_again_keeps_its_date(as_ana, three, ben, time_travel):
    Message.objects.update(timestamp="2026-03-01T09:00Z")
    time_travel("2026-03-04T18:00Z")
    theirs = Message.objects.exclude(thread=None).get()
    Message.objects.filter(pk=theirs.pk).update(thread=None, parent_message=None)
    conversation = url_of("conversation_detail", theirs.conversation_id)
    choose(as_ana, theirs.conversation_id, "activity")

    answer = as_ana.post(
        url_of("message_read", theirs.pk),
        headers=HTMX | {"HX-Current-URL": f"http://testserver{conversation}"},
    )

    assert "1 Mar" in soup(answer).select_one(".msg-time").text


def test_a_sent_message_brings_no_second_divider_of_its_day(as_ana, three):
    conversation = three[0].conversation_id
    Message.objects.filter(thread=None).update(timestamp="2026-03-01T09:00Z")
    choose(as_ana, conversation, "activity")

    answer = as_ana.post(
        url_of("message_send", conversation),
        {"content": "Good morning", "client_key": "5c1b1c7a-8c5e-4f0f-9c59-3a6f0f6f2b11"},
        headers=HTMX
        | {"HX-Current-URL": f"http://testserver{url_of('conversation_detail', conversation)}"},
    )

    assert answer.status_code == 200
    assert not soup(answer).select(".divider")


def test_an_old_thread_that_is_answered_is_offered_as_new_where_it_is_not_drawn(
    as_ana, ana, ben, three
):
    conversation = three[0].conversation
    top_level_messages(conversation, ana, ROOTS)
    choose(as_ana, conversation.pk, "activity")
    page = soup(as_ana.get(url_of("conversation_detail", conversation.pk)))
    drawn = roots_of(page)
    assert three[1].pk not in drawn
    reply_to(three[1], "At last", sender=ben)

    steps = [pk - before for before, pk in zip([0, *sorted(drawn)], sorted(drawn), strict=False)]
    answer = as_ana.get(
        url_of("conversation_changes", conversation.pk),
        {"since": "0.0.0", "drawn": ".".join(map(str, steps)), "new": ""},
        headers=HTMX
        | {"HX-Current-URL": f"http://testserver{url_of('conversation_detail', conversation.pk)}"},
    )

    link = soup(answer).select_one("#new-pill a")
    assert "1 new message" in link.text
    added = soup(as_ana.get(link["hx-get"], headers=HTMX)).select(".node > article")
    assert added[0]["id"] == f"m-{three[1].pk}"


# --- What is stored for it ------------------------------------------------------------------------


def stored_and_true():
    roots = Message.objects.top_level()
    stored = dict(roots.values_list("pk", "newest_reply"))
    true = {
        root: Message.objects.filter(thread=root)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
        for root in stored
    }
    return stored, true


def test_the_newest_reply_is_stored_through_sending_and_deleting(ana, ben):
    chance = random.Random(7)  # noqa: S311 - the same steps at each run
    MessageFactory(sender=ana, receiver=ben)
    for _step in range(120):
        there = list(Message.objects.filter(deleted_at=None))
        kind = chance.random()
        if kind < 0.2 or not there:
            MessageFactory(sender=ana, receiver=ben)
        elif kind < 0.65:
            reply_to(chance.choice(there))
        else:
            gone = chance.choice(there)
            services.delete_message(message=gone, author=gone.sender)
        stored, true = stored_and_true()
        assert stored == true


def test_saving_a_root_that_was_read_before_its_reply_keeps_the_newest_reply(three):
    root = Message.objects.get(pk=three[1].pk)
    reply = reply_to(root)
    root.newest_reply = None

    root.save()

    assert Message.objects.get(pk=root.pk).newest_reply == reply.pk


def test_nobody_chooses_the_order_of_somebody_elses_conversation(as_ana, foreign):
    assert choose(as_ana, foreign.conversation_id, "activity").status_code == 404
    assert not Participant.objects.filter(by_activity=True).exists()


def test_the_menu_says_which_order_is_chosen(as_ana, three):
    conversation = three[0].conversation_id

    def pressed():
        menu = soup(as_ana.get(url_of("conversation_detail", conversation))).select_one(
            "#conversation-menu"
        )
        return [one["value"] for one in menu.select("button[aria-pressed=true]")]

    assert pressed() == ["start"]
    choose(as_ana, conversation, "activity")
    assert pressed() == ["activity"]
    assert reverse("chats:conversation_order", args=[conversation])
