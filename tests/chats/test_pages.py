"""What stands on a page beside its messages, and where one comes from there."""

from itertools import pairwise

import pytest

from messaging import services
from messaging.models import Message
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.chats.large_threads import top_level_messages
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.html import soup


def test_the_start_is_the_inbox(as_ana):
    assert as_ana.get(url_of("home"))["Location"] == url_of("inbox")


def test_a_conversation_names_who_one_talks_with(as_ana, mine):
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))

    assert page.h1.text == "Ben Ode"
    assert page.title.text == "Ben Ode · Parley"
    assert page.select_one("#conversation-list [aria-current=page] .row-name").text == "Ben Ode"


@pytest.mark.parametrize("name", ["message_send", "message_reply"])
def test_a_page_that_was_posted_is_no_place_to_come_back_to(as_ana, theirs, name):
    """Nobody can be shown by GET what only POST answers."""
    page = soup(as_ana.post(address(name, theirs), filled_in(theirs, content="")), 422)
    fields = {box["name"]: box["value"] for box in page.select("form#actions input[name=next]")}

    response = as_ana.post(address("message_read", theirs), fields, follow=True)

    assert response.status_code == 200


def test_a_page_is_come_back_to_with_its_query(as_ana, theirs):
    url = url_of("inbox") + "?show=unread"

    page = soup(as_ana.get(url))

    assert page.select_one("form#actions input[name=next]")["value"] == url


def test_behind_the_last_card_nothing_is_said_to_be_empty(as_ana, theirs):
    page = soup(as_ana.get(f"{url_of('inbox')}?before={theirs.pk}"))

    assert "Nothing unread" not in page.select_one("#unread").text
    assert page.select_one("p.newer a")["href"] == url_of("inbox")


def test_reading_a_conversation_from_an_older_page_is_a_plain_form(as_ana, conversation, ben):
    """The answer to htmx is the newest page, which would stand under the wrong heading."""
    pks = top_level_messages(conversation, ben, 30)
    url = url_of("conversation_detail", conversation.pk)

    newest, older = (soup(as_ana.get(f"{url}{query}")) for query in ("", f"?before={pks[5]}"))

    assert newest.select_one(".conv-head form").has_attr("hx-post")
    assert not older.select_one(".conv-head form").has_attr("hx-post")


def test_the_bells_list_is_the_part_that_the_page_shows(as_ana, mine):
    reply_to(mine, "An answer")
    page = soup(as_ana.get(url_of("notifications")))
    part = soup(as_ana.get(url_of("notifications"), headers=HTMX))

    assert page.select_one("main a.bell") == part.select_one("a.bell")
    assert not part.select("html")


def test_the_bell_says_what_is_an_answer(as_ana, mine):
    reply_to(mine, "An answer")

    assert (
        "replied to you" in soup(as_ana.get(url_of("notifications"))).select_one("main .bell").text
    )


def test_a_part_alone_is_marked_for_where_it_goes(as_ana, theirs):
    part = soup(as_ana.get(url_of("message_detail", theirs.pk) + "?part=message", headers=HTMX))

    assert [one["id"] for one in part.select("article")] == [f"m-{theirs.pk}"]
    assert part.article.has_attr("autofocus")


@pytest.mark.parametrize("part", ["", "nonsense", "page", "../chats/inbox"])
def test_a_part_that_is_none_is_the_usual_one(as_ana, theirs, part):
    usual = soup(as_ana.get(url_of("inbox"), headers=HTMX))

    other = soup(as_ana.get(url_of("inbox"), {"part": part}, headers=HTMX))

    assert other.select_one("#unread")
    assert other.select(".card-u") == usual.select(".card-u")


def test_a_page_ignores_which_part_is_meant(as_ana, theirs):
    for url in (url_of("inbox"), url_of("message_detail", theirs.pk), url_of("notifications")):
        for part in ("rows", "cards", "thread", "replies", "items"):
            assert soup(as_ana.get(url, {"part": part})).select_one("html main")


def test_an_edited_message_offers_its_history(as_ben, edited, headers):
    page = soup(as_ben.get(url_of("message_detail", edited.pk) + "?part=message", headers=headers))

    button = page.select_one(f"#m-{edited.pk} button.tag-edited")
    assert button["hx-get"] == url_of("message_history", edited.pk)
    assert page.select_one(f"#{button['popovertarget']} a")["href"] == button["hx-get"]


def test_what_one_may_do_is_offered(as_ana, mine, theirs):
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))
    own, other = (page.select_one(f"#m-{one.pk} .tools") for one in (mine, theirs))

    assert [link["href"] for link in own.select("a")] == [
        address(name, mine) for name in ("message_reply", "message_edit", "message_delete")
    ]
    assert not own.select("button")
    assert [link["href"] for link in other.select("a")] == [address("message_reply", theirs)]
    assert other.button["formaction"] == address("message_read", theirs)
    services.mark_as_read(reader=theirs.receiver, messages=Message.objects.all())
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))
    button = page.select_one(f"#m-{theirs.pk} .tools button")
    assert button["formaction"] == address("message_unread", theirs)
    assert page.select_one(f"form#{button['form']} [name=csrfmiddlewaretoken]")


def test_the_box_closes_where_the_other_person_takes_no_messages(as_ana, ben, theirs):
    ben.is_active = False
    ben.save()

    page = soup(as_ana.get(url_of("conversation_detail", theirs.conversation_id)))

    assert page.select_one("p.ended").text.startswith("Ben Ode takes no messages any more.")
    assert not page.select_one("#composer")
    assert page.select_one(f"#m-{theirs.pk}")


def test_avatars_beside_each_other_differ(as_ana, ana):
    people = []
    while len(people) < 4:  # of one hue, if the id alone decided
        person = UserFactory()
        if not people or person.pk % 6 == people[0].pk % 6:
            people.append(person)
            MessageFactory(sender=ana, receiver=person)

    page = soup(as_ana.get(url_of("inbox")))

    hues = [one["class"][1] for one in page.select("#conversation-list .avatar")]
    assert len(hues) == 4
    assert all(one != next_one for one, next_one in pairwise(hues))
    assert page.select_one(".bar .avatar")["class"] == ["avatar", "avatar-me"]


def test_ids_on_a_page_are_its_own(as_ana, conversation, ben, edited, theirs):
    top_level_messages(conversation, ben, 30)
    reply_to(theirs)
    for url in (
        url_of("inbox"),
        url_of("conversation_detail", conversation.pk),
        url_of("message_detail", edited.pk),
        url_of("message_history", edited.pk),
        url_of("message_reply", edited.pk),
        url_of("message_edit", edited.pk),
        url_of("notifications"),
        url_of("message_new"),
    ):
        ids = [element["id"] for element in soup(as_ana.get(url)).select("[id]")]
        assert len(ids) == len(set(ids)), url


def test_links_in_a_text_are_safe(as_ana, ana, ben):
    message = services.send_message(
        sender=ben, receiver=ana, content='See https://example.org/?a="b <script>alert(1)</script>'
    )

    for url in (url_of("inbox"), url_of("message_detail", message.pk)):
        body = soup(as_ana.get(url)).select_one(".msg-body")
        assert body.a["href"] == "https://example.org/?a="
        assert set(body.a["rel"]) == {"nofollow", "noopener", "noreferrer"}
        assert not body.select("script")
