"""Words, phrases and filters find what they say."""

from datetime import UTC, datetime

import pytest

from messaging import services
from messaging.models import Message
from messaging.search import parse, search_messages
from tests.factories import MessageFactory, UserFactory, reply_to
from tests.search.finding import found

pytestmark = pytest.mark.db


@pytest.fixture
def say(ana, ben):
    """Ana writes to Ben; `back=True`: he to her."""

    def write(content, back=False, **fields):
        people = {"sender": ben, "receiver": ana} if back else {"sender": ana, "receiver": ben}
        return MessageFactory(content=content, **people | fields)

    return write


def test_all_words_must_occur(ana, say):
    say("The hinge of the letter")
    say("A hinge alone")

    assert found(ana, "letter hinge") == ["The hinge of the letter"]


def test_the_newest_comes_first(ana, say):
    for number in range(3):
        say(f"hinge {number}")

    assert found(ana, "hinge") == ["hinge 2", "hinge 1", "hinge 0"]


def test_the_last_word_is_the_beginning_of_one(ana, say):
    say("Both hinges need oil")
    say("The letter about the oil")

    assert found(ana, "oil hin") == ["Both hinges need oil"]
    assert found(ana, "hin oil") == []


@pytest.mark.parametrize("beginning", ["h", "hi", "hin", "hing", "hinge", "hinges"])
def test_a_beginning_of_any_length_but_one_letter_is_found(ana, say, beginning):
    say("Both hinges need oil")

    assert bool(found(ana, f"oil {beginning}")) == (len(beginning) > 1)


def test_a_long_beginning_is_found_and_no_other(ana, say):
    say("An extraordinary day")
    say("An extraordinarily long day")

    assert found(ana, "extraordinari") == ["An extraordinarily long day"]
    assert len(found(ana, "extraordinar")) == 2
    assert found(ana, "long-day") == ["An extraordinarily long day"]


def test_a_phrase_is_found_as_it_is_written(ana, say):
    say("Keep the letter as it is")
    say("As it is, keep the letter")
    say("Keep the letters as it is")

    assert found(ana, '"keep the letter as it"') == ["Keep the letter as it is"]


def test_the_last_word_of_a_phrase_is_whole(ana, say):
    say("the hinges")

    assert found(ana, '"the hinge"') == []


def test_joined_words_are_found_in_their_order(ana, say):
    say("A matter of well-being")
    say("being well")

    assert found(ana, "well-be") == ["A matter of well-being"]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Élan vital", "elan"),
        ("elan vital", "ÉLAN"),
        ("e\u0301lan vital", "élan"),
        ("Straße nach Ǘlm", "straße ulm"),
        ("ΣΊΣΥΦΟΣ και Σίσυφος", "σισυφος"),
        ("Ёлка и йод", "елка йод"),
        ("Nguyễn Thị", "nguyen thi"),
        ("ليلى حداد كتبت", "حداد"),
        ("हिन्दी में", "हिन्दी"),
        ("東京 は 晴れ", "東京"),
        ("한국어", "한국"),
        ("gut🤣 so", '"gut so"'),
        ("a_b c'est", '"b c"'),
        ("see https://example.com/Path?x=1", "example"),
        ("<b>bold</b>", "bold"),
        ("1e5 and 0x1f and 12.50", '"12 50"'),
    ],
)
def test_case_accents_and_script_do_not_matter(ana, say, text, question):
    say(text)

    assert found(ana, question) == [text]


@pytest.mark.parametrize(
    "word",
    [
        'foo"bar',
        "AND",
        "OR",
        "NOT",
        "col:x",
        "content:x",
        "-x1",
        "NEAR(",
        "o'clock",
        "^start",
        "a*b",
        "{scope}",
        "x;--",
        "50%",
        "back\\slash",
        "(open",
        "'=s1'",
        "s1",
        "&|!<->",
    ],
)
def test_signs_and_operators_are_words_like_any_others(ana, say, word):
    say(f"before {word} after")
    say("something else x1 s1")

    assert found(ana, f"{word} after") == [f"before {word} after"]


@pytest.fixture
def circle(ana, ben, say):
    """Ana also writes with Cleo Ananas."""
    cleo = UserFactory(username="cleo", first_name="Cleó Ananas")
    say("plum from ana to ben")
    say("plum from ben to ana", back=True)
    MessageFactory(sender=ana, receiver=cleo, content="plum from ana to cleo")
    MessageFactory(sender=cleo, receiver=ana, content="plum from cleo to ana")
    return cleo


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("plum from:ben", {"plum from ben to ana"}),
        ("from:ben plum", {"plum from ben to ana"}),
        ("from:BEN", {"plum from ben to ana"}),
        ("plum to:ben", {"plum from ana to ben"}),
        ("plum with:cleo", {"plum from ana to cleo", "plum from cleo to ana"}),
        ('with:"cleo ananas" plum', {"plum from ana to cleo", "plum from cleo to ana"}),
        ("plum from:me", {"plum from ana to ben", "plum from ana to cleo"}),
        ("plum to:me from:cleo", {"plum from cleo to ana"}),
        ("plum from:me with:cle", {"plum from ana to cleo"}),
        ("plum from:ben from:cleo", {"plum from ben to ana", "plum from cleo to ana"}),
        ("plum from:ben to:cleo", set()),
        ("plum from:nobody", set()),
        ("plum from:ode", {"plum from ben to ana"}),
    ],
)
def test_people_are_filters(ana, circle, question, texts):
    assert set(found(ana, question)) == texts


def test_a_name_is_only_looked_for_among_people_one_writes_with(ana, ben, circle, stranger):
    MessageFactory(sender=stranger, receiver=ben, content="plum for somebody else")

    assert found(ana, "from:stranger") == []


def test_days_are_filters(ana, say):
    for day in (1, 2, 3):
        say(f"plum {day}", timestamp=datetime(2026, 11, day, 12, tzinfo=UTC))

    assert found(ana, "plum before:2026-11-02") == ["plum 1"]
    assert found(ana, "plum after:2026-11-02") == ["plum 3"]
    assert found(ana, "after:2026-11-01 before:2026-11-03 plum") == ["plum 2"]


def test_unread_is_what_the_reader_has_not_read(ana, ben, say):
    say("plum for ben")
    read = say("plum that ben has read")
    say("plum for ana", back=True)
    services.mark_as_read(reader=ben, messages=Message.objects.filter(pk=read.pk))

    assert found(ben, "is:unread plum") == ["plum for ben"]
    assert found(ben, "is:unread") == ["plum for ben"]
    assert found(ana, "is:unread plum") == ["plum for ana"]


def test_edited_is_a_filter(ana, say):
    say("plum as it was")
    message = say("pear")
    services.edit_message(
        message=message, editor=ana, content="plum by now", text_version=message.text_version
    )

    assert found(ana, "plum is:edited") == ["plum by now"]
    assert found(ana, "is:edited") == ["plum by now"]


def test_pages_go_on_by_id(ana, say):
    messages = [say(f"plum {number}") for number in range(45)]

    first = found(ana, "plum")
    second = found(ana, "plum", before=messages[25].pk)
    third = found(ana, "plum", before=messages[5].pk)

    # One more than a page shows says that there is another page.
    assert first == [f"plum {number}" for number in range(44, 23, -1)]
    assert second == [f"plum {number}" for number in range(24, 3, -1)]
    assert third == [f"plum {number}" for number in range(4, -1, -1)]


def test_a_reply_is_found_with_what_it_answers(ana, say):
    reply_to(say("Where is the plum?"), "In the kitchen")

    (message,) = search_messages(ana, parse("kitchen"))
    assert message.parent_message.content == "Where is the plum?"
