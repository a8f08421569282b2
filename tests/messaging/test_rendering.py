"""Typed text to safe HTML."""

import html
import re
import time

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given
from hypothesis import strategies as st

from messaging.rendering import (
    DIFFERENCE_WORDS,
    as_rendered,
    excerpt,
    render_content,
    render_difference,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</p></div><h1>mine</h1>",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "http://a.b/'onmouseover='alert(1)",
    "www.a.example/'onmouseover='alert(1)",
    "a@b.example'onmouseover='alert(1)",
    'http://a.b/"onmouseover="alert(1)',
    "http://a.b/<script>alert(1)</script>",
    "javascript:alert(1) data:text/html,x vbscript:x",
    "{% csrf_token %}{{ message }}",
    "<!-- --> <![CDATA[ ]]> <?php ?>",
    "\u202ereversed\u202c \u200b \ufeff",
]


def parsed(text):
    return BeautifulSoup(f"<div>{render_content(text)}</div>", "html.parser").div


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_was_typed_becomes_markup(text):
    page = parsed(text)

    assert {tag.name for tag in page.find_all(True)} <= {"br", "a"}
    for link in page.find_all("a"):
        assert set(link.attrs) == {"href", "rel"}
        assert link["href"].startswith(("http://", "https://", "mailto:"))
    assert page.get_text() == text


address_pieces = [
    "http://",
    "www.",
    "a",
    "a.example",
    "@",
    "/",
    "(",
    ")",
    "]",
    "'",
    ".",
    ":",
    " ",
    "é",
]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))
    | st.lists(st.sampled_from(address_pieces), max_size=30).map("".join)
)
@example("x http://a.b?c=<d>&e='f'\"g\" (http://h.i) http:// https://")
@example("  a   b\n\n\n\tc \n    d")
def test_a_text_reads_as_it_was_typed(text):
    rendered = render_content(text)

    # Not by the parser, which makes any blank space that stands alone one blank.
    assert html.unescape(re.sub("<[^>]*>", "", rendered.replace("<br>", "\n"))) == text
    assert {tag.name for tag in parsed(text).find_all(True)} <= {"br", "a"}


def test_an_address_becomes_a_link_that_tells_nobody_where_its_reader_came_from():
    [link] = parsed("see https://a.example/?q=1&r='2.").find_all("a")

    assert link.get_text() == link["href"] == "https://a.example/?q=1&r='2"
    assert link["rel"] == ["nofollow", "noopener", "noreferrer"]


def test_each_of_several_addresses_is_a_link():
    page = parsed("http://a.example www.b.example\nmail c@d.example!")

    assert [link["href"] for link in page.find_all("a")] == [
        "http://a.example",
        "https://www.b.example",
        "mailto:c@d.example",
    ]
    assert [link.get_text() for link in page.find_all("a")] == [
        "http://a.example",
        "www.b.example",
        "c@d.example",
    ]


def test_a_mark_that_turns_the_direction_stands_in_no_link():
    [link] = parsed("https://a.example/\u202egnp.exe").find_all("a")

    assert link.get_text() == link["href"] == "https://a.example/"


def test_an_excerpt_is_one_line_of_plain_text():
    assert excerpt("  One\n\n two\tthree ") == "One two three"
    assert excerpt("<b>") == "<b>"
    assert excerpt("word " * 100, length=20) == "word word word word…"
    assert len(excerpt("x" * 500)) == 120


def test_an_excerpt_tells_that_something_follows_a_long_gap():
    assert excerpt("One" + " " * 1_000 + "two") == "One…"
    assert excerpt("One" + " " * 1_000) == "One"


@pytest.mark.parametrize("character", ["e\u0301", "👨‍👩‍👧", "🇩🇪", "क्षि", "👍🏽"])
def test_an_excerpt_ends_with_a_whole_character(character):
    line = "word " + character * 100

    for length in range(7, 40):
        shown = excerpt(line, length)
        assert shown.endswith("…")
        assert len(shown) <= length
        assert "word " + character * shown.count(character) == shown[:-1].ljust(5)


def without(tag, difference):
    """The text left when the parts marked with `tag` are taken away."""
    # Where a removed and an added part meet, one space of ours parts them.
    marked = difference.replace("</del> <ins>", "</del><ins>")
    left = re.sub(f"<{tag}>.*?</{tag}>", "", marked)
    return html.unescape(re.sub("</?(?:ins|del)>", "", left).replace("<br>", "\n"))


pieces = ["a", "b", "the ", " ", "\n", ".", "<", "&", "&amp;", "<ins>", "</del>", "é", "日"]
pieces += ["\u0301", "\u200d", "👩", "🇩"]
texts = st.lists(st.sampled_from(pieces), max_size=40).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=60
)


@given(texts, texts)
@example("", "a")
@example("a b", "a  b")
@example("I read it on the tram", "I read it twice on the train")
def test_a_difference_holds_both_texts(old, new):
    difference = render_difference(old, new)

    assert without("del", difference) == new
    assert without("ins", difference) == old


@given(texts)
def test_the_same_text_has_no_difference(text):
    difference = render_difference(text, text)

    assert "<ins>" not in difference
    assert "<del>" not in difference


def test_a_difference_goes_by_words_and_joins_neighbours():
    assert render_difference("on the tram today", "on the train today") == (
        "on the <del>tram</del> <ins>train</ins> today"
    )
    assert render_difference("it should go soon", "it can stay soon") == (
        "it <del>should go</del> <ins>can stay</ins> soon"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("👨‍👩‍👧", "👨‍👩‍👦"),
        ("🇩🇪", "🇩🇰"),
        ("👍", "👍🏽"),
        ("1", "1️⃣"),
        ("e", "e\u0301"),
        ("कि", "की"),
        (" ", " \u0308"),
    ],
)
def test_a_difference_is_made_of_whole_characters(old, new):
    assert render_difference(f"({old})", f"({new})") == f"(<del>{old}</del> <ins>{new}</ins>)"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_difference_lets_no_markup_through(text):
    page = BeautifulSoup(render_difference("before", text), "html.parser")

    assert {tag.name for tag in page.find_all(True)} <= {"ins", "del", "br"}


def test_a_difference_of_very_many_words_is_shown_whole():
    old = "word " * (DIFFERENCE_WORDS + 1)

    difference = render_difference(old, "short")

    assert difference == f"<del>{old}</del> <ins>short</ins>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 990, "b a c " * 660),
        ("🇩" * 20_000, "🇪" * 19_999),
        ("e" + "\u0301" * 19_999, "👩\u200d" * 10_000),
    ],
    ids=["words", "flags", "marks"],
)
def test_a_hostile_difference_costs_no_more_than_a_page(old, new):
    began = time.process_time()

    render_difference(old, new)

    assert (
        time.process_time() - began < 0.5
    )  # seconds of this process; difflib takes longer than this


def test_stored_html_is_taken_as_it_is():
    assert as_rendered("a &amp; b").__html__() == "a &amp; b"
