"""A question is taken apart, whatever it is, and what it finds is marked where it stands."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chats.views.search import _marked
from messaging.models import Message
from messaging.search import Problem, Remark, parse, pieces_around
from messaging.search.excerpts import LENGTH
from messaging.search.query import LONGEST, Term
from messaging.words import fold, words_of
from tests.factories import MessageFactory
from tests.search.finding import found, words_in_index


def terms(question):
    return [("*" if term.prefix else "", *term.words) for term in parse(question).terms]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("hinge", [("*", "hinge")]),
        ("The Hinge", [("", "the"), ("*", "hinge")]),
        ('"the hinge" of', [("", "the", "hinge"), ("*", "of")]),
        ("“the hinge” of", [("", "the", "hinge"), ("*", "of")]),
        ('of "the hinge"', [("*", "of"), ("", "the", "hinge")]),
        ("well-being", [("*", "well", "being")]),
        ("a b", [("", "a"), ("", "b")]),
        ("hinge from:ana", [("*", "hinge")]),
        ('"unfinished hinge', [("", "unfinished"), ("*", "hinge")]),
        ('foo"bar', [("*", "foo", "bar")]),
        ("col:x1", [("*", "col", "x1")]),
        ("is:purple", [("*", "is", "purple")]),
        ('"" - ()', []),
    ],
)
def test_words_and_phrases(question, expected):
    assert terms(question) == expected


def test_filters_may_stand_anywhere():
    query = parse(
        'from:ana hinge to:"Ben Ode" before:2026-11-01 WITH:cleo is:unread after:2026-01-01 is:EDITED'
    )

    assert query.terms == [Term(("hinge",), prefix=True)]
    assert (query.senders, query.receivers, query.others) == (["ana"], ["Ben Ode"], ["cleo"])
    assert (query.before, query.after) == (date(2026, 11, 1), date(2026, 1, 1))
    assert query.unread
    assert query.edited
    assert query.remarks == []
    assert query.name == ""


@pytest.mark.parametrize("value", ["2026-02-30", "0000-01-01", "9999-12-31", "today", "2026-1-1"])
def test_impossible_days_are_words(value):
    query = parse(f"plum before:{value}")

    assert query.before is None
    assert query.remarks == [(Remark.FILTER, f"before:{value}")]
    assert len(query.terms) == 2


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("", Problem.EMPTY),
        (" \n", Problem.EMPTY),
        ("x", Problem.TOO_SHORT),
        ("…!?", Problem.NO_WORD),
        ("x" * (LONGEST + 1), Problem.TOO_LONG),
        ("xy", None),
        ("is:unread", None),
        ("from:ana", None),
    ],
)
def test_what_cannot_be_answered_is_told(question, problem):
    assert parse(question).problem is problem


QUESTIONS = st.text(
    st.one_of(st.characters(), st.sampled_from('":- \0()*^fromtisunread:before2026')), max_size=60
)


@given(QUESTIONS)
@settings(deadline=None)
def test_every_question_has_an_answer(question):
    query = parse(question)

    assert query.problem or query.terms or query.has_filters
    assert all(word and word == fold(word) for term in query.terms for word in term.words)


@pytest.mark.db
@given(QUESTIONS)
@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_question_upsets_the_database(ana, message, question):
    found(ana, question)


WORDS = st.sampled_from(
    [
        "hinge",
        "Élan",
        "ÉLAN",
        "élan",
        "naïve",
        "Straße",
        "ørsted",
        "Łódź",
        "İstanbul",
        "ırmak",
        "Ǘ",
        "nguyễn",
        "ΣΊΣΥΦΟΣ",
        "λόγος",
        "Ёлка",
        "йод",
        "日本",
        "한국어",
        "m²",
        "½",
        "2026",
        "x1",
        "gut🤣",
        "👍🏽",
        "a_b",
        "c'est",
        "well-being",
        "<b>",
        "&amp;",
        "«oui»",
        "5€",
        "₿7",
        "न",
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


@pytest.mark.db
@given(TEXTS)
@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_knows_the_words_that_are_marked(ana, ben, conversation, text):
    Message.objects.bulk_create(
        [Message(sender=ana, receiver=ben, conversation=conversation, content=text)]
    )

    assert words_in_index() == {word.folded for word in words_of(text)}

    Message.objects.all().delete_rows()
    assert words_in_index() == set()


@given(st.text(max_size=400), QUESTIONS)
@settings(deadline=None)
def test_what_is_shown_is_a_piece_of_the_text(content, question):
    pieces = pieces_around(content, parse(question))

    shown = "".join(piece.text for piece in pieces)
    assert len(shown) <= LENGTH + 2
    # The dots at its ends are ours, or the text's.
    assert " ".join(shown.split()).strip("… ") in " ".join(content.split())


@pytest.mark.parametrize(
    ("content", "question", "marked"),
    [
        ("Both HINGES, one hinge", "hinge", ["HINGES", "hinge"]),
        ("L'Élan e\u0301lan elan", '"elan"', ["Élan", "e\u0301lan", "elan"]),
        ("the hinge of the hinge", '"of the"', ["of the"]),
        ("well, being well-being", "well-be", ["well, being", "well-being"]),
        ("one two one", '"one two" two', ["one two"]),
        ("nothing of it", "hinge", []),
    ],
)
def test_what_was_found_is_marked(content, question, marked):
    pieces = pieces_around(content, parse(question))

    assert [piece.text for piece in pieces if piece.hit] == marked
    assert "".join(piece.text for piece in pieces) == content


def test_the_text_around_a_hit_far_down_is_shown():
    content = "before " * 500 + "the hinge " + "after " * 500

    shown = "".join(piece.text for piece in pieces_around(content, parse("hinge")))

    assert shown.startswith("…before ")
    assert " the hinge after " in shown
    assert shown.endswith(" after…")


@pytest.mark.parametrize("character", ["o\u0301", "👨‍👩‍👧", "🇩🇪", "क्षि"])
def test_the_text_around_a_hit_is_cut_between_characters(character):
    for shift in range(8):
        content = "x" * shift + character * 60 + " hinge " + "x" * shift + character * 60

        pieces = [piece.text.strip("… ") for piece in pieces_around(content, parse("hinge"))]

        assert "hinge" in pieces
        for piece in pieces:
            assert piece.strip("xhinge ") == character * piece.count(character)


def test_a_mark_covers_whole_characters():
    pieces = pieces_around("क्षि hinge", parse("क"))

    assert [piece.text for piece in pieces if piece.hit] == ["क्षि"]


def test_marks_are_made_of_escaped_pieces():
    html = _marked('<img src=x onerror="1"> & <mark>hinge</mark>', parse("img hinge mark"))

    assert html == (
        "&lt;<mark>img</mark> src=x onerror=&quot;1&quot;&gt; &amp; "
        "&lt;<mark>mark</mark>&gt;<mark>hinge</mark>&lt;/<mark>mark</mark>&gt;"
    )


@pytest.mark.db
@given(TEXTS, TEXTS)
@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_found_has_a_mark_and_what_has_all_marks_is_found(ana, ben, text, question):
    message = MessageFactory(sender=ana, receiver=ben, content=text)
    query = parse(question)

    if found(ana, question):
        assert any(piece.hit for piece in pieces_around(text, query))
    elif query.problem is None:  # a single letter is not looked for
        assert not all(
            any(piece.hit for piece in pieces_around(text, query_of(query, term)))
            for term in query.terms
        )
    message.delete()


def query_of(query, term):
    """The same question with one term alone."""
    return type(query)(query.text, terms=[term])
