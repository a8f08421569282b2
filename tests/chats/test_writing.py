"""Sending, answering, editing, deleting: by page and by htmx, and no text is ever lost."""

import re
from uuid import uuid4

import pytest

from messaging import services
from messaging.models import (
    CONTENT_MAX_LENGTH,
    Conversation,
    Message,
    MessageHistory,
    Notification,
)
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.factories import UserFactory, reply_to
from tests.html import soup

BAD = {
    "empty": "",
    "blank": " \n\t ",
    "invisible": "\u200b\u2060",
    "too long": "x" * (CONTENT_MAX_LENGTH + 1),
    "too many bytes": "\U0001f600" * 17_000,
    "NUL": "a\0b",
}
SENDING = ("message_send", "message_reply", "message_new")


def text_of(page):
    """What stands in the form, as a browser would take it."""
    [box] = page.select("textarea[name=content]")
    return re.sub(r"^\r?\n", "", box.text)


def latest():
    return Message.objects.latest("pk")


# --- Sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SENDING)
def test_a_message_is_sent(as_ana, theirs, ben, name):
    response = as_ana.post(address(name, theirs), filled_in(theirs, content="On my way"))

    message = latest()
    assert message.content == "On my way"
    assert message.receiver == ben
    assert message.parent_message_id == (theirs.pk if name == "message_reply" else None)
    page, _, fragment = response["Location"].partition("#")
    assert soup(as_ana.get(page)).select_one(f"article#{fragment}").select_one(
        ".msg-body"
    ).text == ("On my way")


def test_a_message_joins_the_list_by_htmx(as_ana, theirs):
    part = soup(as_ana.post(address("message_send", theirs), filled_in(theirs), headers=HTMX))

    message = latest()
    added = part.select_one("[hx-swap-oob='beforeend:#feed'], [hx-swap-oob^=beforeend]")
    assert added.select_one(f"li.node > article#m-{message.pk}")
    assert part.select_one(f"#m-{message.pk}-slot") is not None
    assert part.select_one(f"#m-{message.pk}-thread") is not None
    composer = part.select_one("form#composer")
    assert text_of(composer) == ""
    assert composer.select_one("textarea[autofocus]")
    assert part.select_one("#live").text == "Message sent"
    assert f"row-{theirs.conversation_id}" in [li["id"] for li in part.select("li[id^=row-]")]


def test_the_first_message_of_a_day_brings_its_divider(as_ana, theirs):
    Message.objects.update(timestamp="2026-03-02T10:00Z")

    first = soup(as_ana.post(address("message_send", theirs), filled_in(theirs), headers=HTMX))
    second = soup(as_ana.post(address("message_send", theirs), filled_in(theirs), headers=HTMX))

    assert [one.text for one in first.select(".divider")] == ["Today"]
    assert not second.select(".divider")


def test_a_new_message_begins_a_conversation(as_ana, ana, stranger):
    typed = {"to": stranger.pk, "content": "Hello", "client_key": uuid4()}

    response = as_ana.post(url_of("message_new"), typed)

    conversation = Conversation.objects.get()
    assert set(conversation.people_pks) == {ana.pk, stranger.pk}
    assert response["Location"] == (
        f"{url_of('conversation_detail', conversation.pk)}#m-{latest().pk}"
    )


@pytest.mark.parametrize("name", SENDING)
@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_text_comes_back(as_ana, theirs, name, content, headers):
    typed = filled_in(theirs, content=content)

    page = soup(as_ana.post(address(name, theirs), typed, headers=headers), 422)

    assert text_of(page) == content
    assert page.select_one("[name=client_key]")["value"] == typed["client_key"]
    assert page.select_one("textarea[name=content][aria-invalid=true]")
    assert page.select_one(".box-error, .note-i").get_text(strip=True)
    assert Message.objects.count() == 1
    if headers is None:
        assert page.title.text.startswith("Error:")


@pytest.mark.parametrize("name", SENDING)
@pytest.mark.parametrize("key", ["", "x", "1234"])
def test_a_key_that_is_none_comes_back_with_the_text(as_ana, theirs, name, key, headers):
    typed = filled_in(theirs, client_key=key)

    page = soup(as_ana.post(address(name, theirs), typed, headers=headers), 422)

    assert text_of(page) == typed["content"]
    assert "Copy your text" in page.get_text()


@pytest.mark.parametrize("name", SENDING)
def test_the_same_again_is_the_same_message(as_ana, theirs, name, headers):
    typed = filled_in(theirs)

    for _ in range(3):
        response = as_ana.post(address(name, theirs), typed, headers=headers)
        assert response.status_code in {200, 302}

    assert Message.objects.filter(content=typed["content"]).count() == 1
    assert Notification.objects.filter(message=latest()).count() == 1


@pytest.mark.parametrize("name", SENDING)
def test_another_text_under_the_same_key_is_asked_about(as_ana, theirs, name, headers):
    typed = filled_in(theirs)
    as_ana.post(address(name, theirs), typed)
    sent = latest()

    page = soup(
        as_ana.post(address(name, theirs), typed | {"content": "Another"}, headers=headers), 409
    )

    assert text_of(page) == "Another"
    assert page.select_one(f"a[href='{url_of('message_detail', sent.pk)}']")
    key = page.select_one("[name=client_key]")["value"]
    assert key != typed["client_key"]
    as_ana.post(address(name, theirs), typed | {"content": "Another", "client_key": key})
    assert latest().content == "Another"


def test_a_key_of_somebody_else_is_free(as_ana, as_ben, theirs):
    typed = filled_in(theirs)
    as_ana.post(address("message_send", theirs), typed)

    as_ben.post(address("message_send", theirs), typed)

    assert Message.objects.filter(content=typed["content"]).count() == 2


@pytest.mark.parametrize("to", ["", "nobody", "ben", "0", "-1", "a\0b", "9" * 500, "me", "closed"])
def test_who_cannot_be_written_to_is_no_receiver(as_ana, ana, theirs, to):
    closed = UserFactory(username="closed", is_active=False)
    to = {"me": ana.pk, "closed": closed.pk}.get(to, to)

    page = soup(as_ana.post(url_of("message_new"), filled_in(theirs, to=to)), 422)

    assert text_of(page) == "Some text that was typed"
    assert page.select_one(".note-i").get_text(strip=True)
    assert page.select_one("#to-q[aria-invalid=true]")
    assert Message.objects.count() == 1


def test_line_breaks_and_blanks_of_a_text_survive_a_422(as_ana, theirs):
    content = "\n\n  two blank lines above\n" + "x" * CONTENT_MAX_LENGTH

    page = soup(
        as_ana.post(address("message_reply", theirs), filled_in(theirs, content=content)), 422
    )

    assert text_of(page) == content


def test_markup_in_a_text_is_text(as_ana, theirs, headers):
    content = "</textarea><script>alert(1)</script>\"'&amp;" + "x" * CONTENT_MAX_LENGTH

    page = soup(
        as_ana.post(
            address("message_reply", theirs), filled_in(theirs, content=content), headers=headers
        ),
        422,
    )

    assert text_of(page) == content
    assert not [script for script in page.select("script") if "alert" in script.text]


# --- Answering ------------------------------------------------------------------------------------


def test_the_reply_form_opens_in_its_slot(as_ana, theirs):
    part = soup(as_ana.get(address("message_reply", theirs), headers=HTMX))

    assert not part.select("html")
    assert part.form["hx-post"] == part.form["action"] == address("message_reply", theirs)
    assert part.form["hx-target"] == f"#m-{theirs.pk}-slot"
    assert part.select_one("textarea[autofocus]")


@pytest.mark.parametrize("name", ["message_reply", "message_edit"])
def test_a_form_on_a_page_of_its_own_is_plain(as_ana, mine, name):
    """htmx would look for a place to answer into, which only the conversation has."""
    for page in (
        soup(as_ana.get(address(name, mine))),
        soup(as_ana.post(address(name, mine), filled_in(mine, content="")), 422),
    ):
        form = page.select_one(f"main form[action='{address(name, mine)}']")
        elements = [form, *form.find_all(True)]
        assert not [one for one in elements if {"hx-post", "hx-get"} & set(one.attrs)]


def test_every_target_is_on_the_page_that_names_it(as_ana, mine, edited, theirs):
    reply_to(theirs, sender=mine.sender)
    Message.objects.filter(receiver=mine.sender).update(read=True)
    pages = [
        url_of("inbox"),
        url_of("notifications"),
        url_of("message_new"),
        url_of("conversation_detail", mine.conversation_id),
        *(address(name, edited) for name in ("message_detail", "message_reply", "message_edit")),
        address("message_history", edited),
    ]
    for url in pages:
        page = soup(as_ana.get(url))
        for element in page.select("[hx-target^='#']"):
            assert page.select_one(element["hx-target"]), (url, element["hx-target"])


def test_the_page_of_a_reply_quotes_what_it_answers(as_ana, theirs):
    page = soup(as_ana.get(address("message_reply", theirs)))

    assert page.select_one("blockquote .msg-body").text == theirs.content
    assert page.h1.text == "Reply"


def test_one_can_answer_oneself(as_ana, mine, ben):
    as_ana.post(address("message_reply", mine), filled_in(mine))

    assert latest().receiver == ben
    assert latest().parent_message == mine


@pytest.mark.parametrize("name", ["message_reply", "message_edit", "message_delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_was_deleted_is_not_there_any_more(as_ana, deleted, name, method, headers):
    ask = getattr(as_ana, method)
    before = Message.objects.count()

    response = ask(address(name, deleted), filled_in(deleted), headers=headers)

    assert response.status_code == 404
    assert Message.objects.count() == before


@pytest.mark.parametrize("name", ["message_history", "message_read", "message_unread"])
def test_what_was_deleted_has_no_past(as_ben, deleted, name, headers):
    ask = as_ben.get if name == "message_history" else as_ben.post

    assert ask(address(name, deleted), headers=headers).status_code == 404


@pytest.mark.parametrize("name", ["message_send", "message_reply"])
def test_a_message_to_a_deactivated_account_comes_back_with_a_sentence(
    as_ana, mine, ben, name, headers
):
    ben.is_active = False
    ben.save()
    typed = filled_in(mine, content="Still there?")

    page = soup(as_ana.post(address(name, mine), typed, headers=headers), 422)

    assert text_of(page) == "Still there?"
    assert "This account takes no messages any more." in page.get_text()
    assert Message.objects.count() == 1


# --- Editing --------------------------------------------------------------------------------------


def test_the_edit_form_holds_the_text_and_its_version(as_ana, mine, headers):
    page = soup(as_ana.get(address("message_edit", mine), headers=headers))

    form = page.select_one(f"article#m-{mine.pk} form")
    assert text_of(form) == mine.content
    assert form.select_one("[name=text_version]")["value"] == "0"


def test_an_edit_is_kept_and_marked(as_ana, mine):
    typed = filled_in(mine, content="What ana meant")

    response = as_ana.post(address("message_edit", mine), typed)

    assert response["Location"] == f"{url_of('message_detail', mine.pk)}#m-{mine.pk}"
    article = soup(as_ana.get(url_of("message_detail", mine.pk))).select_one(f"#m-{mine.pk}")
    assert article.select_one(".msg-body").text == "What ana meant"
    assert article.select_one("button.tag-edited")
    assert MessageHistory.objects.get().old_content == "What ana wrote"


def test_an_edit_takes_the_place_of_the_message_by_htmx(as_ana, mine):
    typed = filled_in(mine, content="What ana meant")

    part = soup(as_ana.post(address("message_edit", mine), typed, headers=HTMX))

    article = part.select_one(f"article#m-{mine.pk}")
    assert article.has_attr("autofocus")
    assert article.select_one(".msg-body").text == "What ana meant"
    assert article.select_one("button.tag-edited")
    assert part.select_one("#live").text == "Message edited"
    assert "What ana meant" in part.select_one("#conversation-list").text


def test_the_same_text_is_no_edit(as_ana, mine, headers):
    typed = filled_in(mine, content=f"{mine.content}\r\n")

    as_ana.post(address("message_edit", mine), typed, headers=headers)

    mine.refresh_from_db()
    assert not mine.edited
    assert not MessageHistory.objects.exists()


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_edit_comes_back(as_ana, mine, content, headers):
    typed = filled_in(mine, content=content)

    page = soup(as_ana.post(address("message_edit", mine), typed, headers=headers), 422)

    assert text_of(page) == content
    assert page.select_one("[name=text_version]")["value"] == "0"
    mine.refresh_from_db()
    assert mine.content == "What ana wrote"


def test_an_edit_in_two_tabs_shows_both_texts(as_ana, mine, headers):
    first, second = (filled_in(mine, content=text) for text in ("First tab", "Second tab"))
    as_ana.post(address("message_edit", mine), first)

    page = soup(as_ana.post(address("message_edit", mine), second, headers=headers), 409)

    assert text_of(page) == "Second tab"
    assert page.select_one("[role=alert] blockquote").text == "First tab"
    mine.refresh_from_db()
    assert mine.content == "First tab"
    version = page.select_one("[name=text_version]")["value"]
    as_ana.post(address("message_edit", mine), second | {"text_version": version})
    mine.refresh_from_db()
    assert mine.content == "Second tab"
    assert [one.old_content for one in mine.history.order_by("pk")] == [
        "What ana wrote",
        "First tab",
    ]


def test_an_edit_from_a_page_of_an_earlier_release_comes_back_with_its_text(as_ana, mine, headers):
    """It does not say which text it started from: nobody's change is overwritten unseen."""
    typed = filled_in(mine, content="What ana meant")
    del typed["text_version"]

    page = soup(as_ana.post(address("message_edit", mine), typed, headers=headers), 409)

    assert text_of(page) == "What ana meant"
    assert page.select_one("[role=alert] blockquote").text == "What ana wrote"


def test_an_open_edit_survives_that_the_message_is_read(as_ana, mine, ben):
    typed = filled_in(mine, content="What ana meant")
    mine.read = True
    mine.save(update_fields=["read"])

    as_ana.post(address("message_edit", mine), typed)

    mine.refresh_from_db()
    assert mine.content == "What ana meant"
    assert mine.read


def test_cancelling_an_edit_brings_the_message_back(as_ana, mine):
    link = soup(as_ana.get(address("message_edit", mine), headers=HTMX)).select_one("a.btn")

    part = soup(as_ana.get(link["hx-get"], headers=HTMX))

    assert part.select_one(f"article#m-{mine.pk} .msg-body").text == mine.content
    assert link["href"] == url_of("message_detail", mine.pk)


# --- Deleting -------------------------------------------------------------------------------------


def test_what_goes_is_said_before(as_ana, edited):
    reply_to(edited)

    page = soup(as_ana.get(address("message_delete", edited)))

    facts = page.select_one(".facts").text
    assert "Its text, for both of you." in facts
    assert "Its earlier versions." in facts
    assert "The replies below it stay." in facts
    assert page.select_one("blockquote .msg-body").text == edited.content
    assert Message.objects.filter(pk=edited.pk, deleted_at=None).exists()


def test_a_deleted_message_without_replies_leaves_nothing(as_ana, mine):
    response = as_ana.post(address("message_delete", mine))

    page = soup(as_ana.get(response["Location"]))
    assert response["Location"] == url_of("conversation_detail", mine.conversation_id)
    assert not page.select("article")
    assert "Message deleted" in page.select_one("#toasts").text
    assert not Notification.objects.exists()


def test_a_deleted_message_with_replies_keeps_its_place(as_ana, mine):
    reply = reply_to(mine)

    response = as_ana.post(address("message_delete", mine))

    page, _, fragment = response["Location"].partition("#")
    shown = soup(as_ana.get(page))
    assert "Message deleted" in shown.select_one(f"article#{fragment}").text
    assert shown.select_one(f"article#m-{reply.pk}")
    assert mine.content not in shown.get_text()


def test_after_deleting_a_reply_one_is_where_it_was(as_ana, theirs):
    reply = reply_to(theirs, sender=theirs.receiver)

    response = as_ana.post(address("message_delete", reply))

    assert response["Location"] == f"{url_of('message_detail', theirs.pk)}#m-{theirs.pk}"


def test_the_last_reply_takes_deleted_messages_above_along(as_ben, deleted):
    reply = deleted.replies.get()

    response = as_ben.post(address("message_delete", reply))

    assert response["Location"] == url_of("conversation_detail", deleted.conversation_id)
    assert not Message.objects.exists()


def test_a_conversation_whose_messages_are_all_gone_can_be_used(as_ana, mine, edited):
    as_ana.post(address("message_delete", mine))
    url = url_of("conversation_detail", mine.conversation_id)

    page = soup(as_ana.get(url))
    assert not page.select("article, .divider")
    assert page.select_one("p.feed-empty")
    row = soup(as_ana.get(url_of("inbox"))).select_one("#conversation-list a.row-c")
    assert "Message deleted" in row.text
    assert soup(as_ana.get(url + "?before=5")).select_one("#feed") is not None
    for name in ("conversation_read", "conversation_seen"):
        as_ana.post(url_of(name, mine.conversation_id), {"up_to": 10**9}, headers=HTMX)
    part = soup(as_ana.post(address("message_send", mine), filled_in(mine), headers=HTMX))
    assert [one.text for one in part.select(".divider")] == ["Today"]


def test_nobody_deletes_twice(as_ana, mine):
    as_ana.post(address("message_delete", mine))

    assert as_ana.post(address("message_delete", mine)).status_code == 404


# --- History --------------------------------------------------------------------------------------


@pytest.fixture
def often_edited(mine, ana):
    message = mine
    for number in range(45):
        message = services.edit_message(
            message=message,
            editor=ana,
            content=f"Version {number}",
            text_version=message.text_version,
        )
    return message


def test_every_version_is_shown_with_what_changed(as_ben, mine, ana, headers):
    for text in ("What ana meant", "What ana really meant"):
        mine.refresh_from_db()
        services.edit_message(
            message=mine, editor=ana, content=text, text_version=mine.text_version
        )

    page = soup(as_ben.get(address("message_history", mine), headers=headers))

    versions = page.select(".versions > li")
    assert [version.select_one("summary b").text for version in versions] == ["Ana Lima"] * 3
    assert [one.text.strip() for one in versions[0].select("ins")] == ["really"]
    assert versions[1].select_one("ins").text == "meant"
    assert versions[1].select_one("del").text == "wrote"
    assert versions[2].select_one(".diff").text == "What ana wrote"
    assert "wrote this" in versions[2].text
    assert page.select_one(".versions")["start"] == "3"
    assert page.select_one("details[open]") == versions[0].details


def test_a_message_that_was_never_edited_has_one_version(as_ana, mine, headers):
    page = soup(as_ana.get(address("message_history", mine), headers=headers))

    assert len(page.select(".versions > li")) == 1
    assert "1 version" in page.get_text()


def test_all_versions_are_reached_once_and_numbered(as_ana, often_edited):
    page = soup(as_ana.get(address("message_history", often_edited)))
    found, numbers = [], []
    while True:
        versions = page.select(".versions > li")
        start = int(page.select_one(".versions")["start"])
        numbers += [start - place for place in range(len(versions))]
        found += versions
        links = [one for one in page.select(".pop-foot a") if "before=" in one["href"]]
        if not links:
            break
        page = soup(as_ana.get(links[0]["href"]))

    assert len(found) == 46
    assert numbers == list(range(46, 0, -1))
    for place, version in enumerate(found[:-1]):
        now, then = 44 - place, 43 - place
        assert version.select_one("ins").text.endswith(str(now))
        if then >= 0:
            assert version.select_one("del").text.endswith(str(then))
    assert found[-1].select_one(".diff").text == "What ana wrote"


# --- People ---------------------------------------------------------------------------------------


def people_in(page, those="input[name=to]"):
    """The user names of the people to choose from."""
    return [
        box.find_parent("label").select_one(".meta").text[1:]
        for box in page.select(f"#people {those}")
    ]


def test_people_are_found_by_a_part_of_their_name(as_ana, ben, stranger):
    part = soup(as_ana.get(url_of("people"), {"q": "stra"}, headers=HTMX))

    assert people_in(part) == ["stranger"]
    assert part.select_one("mark").text.lower() == "stra"
    assert part.select_one("#live").text == "1 person matches"


def test_it_is_said_that_nobody_is_found(as_ana, stranger):
    part = soup(as_ana.get(url_of("people"), {"q": "zzz"}, headers=HTMX))

    assert people_in(part) == []
    assert part.select_one("#people").text.strip() == "Nobody here is called “zzz”."


@pytest.mark.parametrize(
    ("name", "typed", "marks"),
    [
        ("Tomás Aldaba", "aldaba tomas", ["Tomás", "Aldaba"]),
        ("Anna Straße", "@strass", ["Straß"]),
        ("Jan z Łodzi", "z", ["z"]),
    ],
)
def test_what_was_found_of_a_name_is_marked(as_ana, name, typed, marks):
    UserFactory(username="one", first_name=name)

    part = soup(as_ana.get(url_of("people"), {"q": typed}, headers=HTMX))

    assert [mark.text for mark in part.select("mark")] == marks
    assert part.select_one(".option bdi").text == name


def test_where_people_are_few_they_are_listed_before_a_name_is_typed(as_ana, stranger, settings):
    assert people_in(soup(as_ana.get(url_of("message_new")))) == ["stranger"]
    assert people_in(soup(as_ana.get(url_of("people"), {"q": ""}, headers=HTMX))) == ["stranger"]
    assert not soup(as_ana.get(url_of("message_new"))).select("#people input[checked]")

    settings.LIST_PEOPLE = False

    assert people_in(soup(as_ana.get(url_of("message_new")))) == []
    assert people_in(soup(as_ana.get(url_of("message_new"), {"q": "s"}))) == ["stranger"]


def test_a_link_names_a_person_by_the_user_name(as_ana, ben, stranger):
    page = soup(as_ana.get(url_of("message_new"), {"to": "stranger"}))

    assert people_in(page) == ["stranger", "ben"]
    assert people_in(page, "input[checked]") == ["stranger"]
    for nobody in ("ana", "closed", "a\0b", str(stranger.pk)):
        assert not people_in(
            soup(as_ana.get(url_of("message_new"), {"to": nobody})), "input[checked]"
        )


def test_a_page_writes_to_the_person_it_showed_and_to_nobody_who_took_the_name(as_ana, stranger):
    page = soup(as_ana.get(url_of("message_new"), {"q": "stranger"}))
    typed = {"content": "For you alone", "client_key": uuid4()}
    typed["to"] = page.select_one("#people input")["value"]
    stranger.username = "renamed"
    stranger.save()
    UserFactory(username="stranger")

    as_ana.post(url_of("message_new"), typed)

    assert Message.objects.get().receiver == stranger


def test_names_that_look_alike_are_told_apart_by_their_user_names(as_ana):
    UserFactory(username="jonas", first_name="Jonas Feldweg")
    UserFactory(username="j\u043enas", first_name="Jonas Feldweg")

    page = soup(as_ana.get(url_of("message_new"), {"q": "feldweg"}))

    assert people_in(page) == ["jonas", "j\u043enas"]


def test_nobody_finds_everybody(as_ana):
    UserFactory.create_batch(60)

    assert len(people_in(soup(as_ana.get(url_of("people"), {"q": "person"}, headers=HTMX)))) == 8
    for q in ("", " ", "%", "%%", "__", "\0\0"):
        assert people_in(soup(as_ana.get(url_of("people"), {"q": q}, headers=HTMX))) == []


def test_the_find_button_keeps_what_is_written(as_ana, stranger):
    typed = {"q": "stra", "content": " Half a\nthought", "client_key": str(uuid4()), "find": "1"}

    page = soup(as_ana.post(url_of("message_new"), typed))

    assert people_in(page) == ["stranger"]
    assert text_of(page) == " Half a\nthought"
    assert page.select_one("[name=client_key]")["value"] == typed["client_key"]
    assert not Message.objects.exists()


def test_who_was_chosen_stays_chosen(as_ana):
    UserFactory(username="sam1", first_name="Sam One")
    two = UserFactory(username="sam2", first_name="Sam Two")
    typed = {"q": "sam", "to": two.pk, "content": "", "client_key": uuid4()}

    page = soup(as_ana.post(url_of("message_new"), typed), 422)
    part = soup(as_ana.get(url_of("people"), {"q": "sa", "to": two.pk}, headers=HTMX))
    other = soup(as_ana.get(url_of("people"), {"q": "one", "to": two.pk}, headers=HTMX))

    assert people_in(page, "input[checked]") == ["sam2"]
    assert people_in(part) == ["sam1", "sam2"]
    assert people_in(part, "input[checked]") == ["sam2"]
    assert people_in(other) == people_in(other, "input[checked]") == ["sam1"]


def test_a_plain_request_for_people_leads_to_the_page(as_ana):
    response = as_ana.get(url_of("people"), {"q": "stra"})

    assert response["Location"] == f"{url_of('message_new')}?q=stra"


# --- Names ----------------------------------------------------------------------------------------

NAMES = [
    "",
    'O\'Brien "Quote" & Co',
    "<b>bold</b>",
    "{{ name }} {% if %}",
    "שלום עולם",
    "\u202eevil",
    "%s %d 100%",
    "李",
    "👩‍👩‍👧‍👦",
    "x" * 80,
    "...",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_is_shown_as_it_is(as_ana, as_ben, ben, mine, theirs, name):
    ben.first_name = name
    ben.save()
    reply_to(mine)
    expected = name or "ben"

    inbox = soup(as_ana.get(url_of("inbox")))
    assert inbox.select_one(".card-u .msg-by").text == expected
    assert inbox.select_one("#conversation-list .row-name").text == expected
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))
    assert page.h1.text == expected
    assert expected in page.title.text
    assert page.select_one(f"#m-{theirs.pk} .msg-by").text == expected
    assert page.select_one(f"#m-{theirs.pk} .msg-by bdi")
    bell = soup(as_ana.get(url_of("notifications")))
    assert bell.select_one("a.bell b").text == expected
    for name_of_page in ("message_detail", "message_reply", "message_history"):
        assert expected in soup(as_ana.get(address(name_of_page, theirs))).get_text()
    assert expected in soup(as_ana.get(url_of("message_new"), {"q": "ben"})).get_text()
    assert soup(as_ben.get(url_of("inbox"))).select_one(".bar .visually-hidden")


def test_my_own_message_is_mine_everywhere(as_ana, ana, mine):
    page = soup(as_ana.get(url_of("conversation_detail", mine.conversation_id)))
    article = page.select_one(f"#m-{mine.pk}")

    assert article.select_one(".msg-by").text == "You"
    assert "is-own" in article["class"]
    assert not article.select("[formaction]")
    row = page.select_one(f"#row-{mine.conversation_id} .row-last")
    assert row.text == "You: What ana wrote"


def test_a_thread_of_the_inbox_says_how_it_began(as_ana, mine):
    reply_to(mine)

    thread = soup(as_ana.get(url_of("inbox"))).select_one(".grp-thread")

    assert thread.select_one(".ctx").get_text(strip=True) == f"in “{mine.content}”"


def test_a_thread_of_the_inbox_says_that_its_beginning_is_gone(as_ana, deleted):
    thread = soup(as_ana.get(url_of("inbox"))).select_one(".grp-thread")

    assert thread.select_one(".ctx").get_text(strip=True) == "in “Message deleted”"
    assert "Said too soon" not in thread.text
