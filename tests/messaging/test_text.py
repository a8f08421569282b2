"""Whole characters, and what shows."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from messaging.text import character_end, character_start, cut, first_letter, shows_something

CHARACTERS = ["a", "é", "e\u0301", "👨‍👩‍👧", "🇩🇪", "🇩", "👍🏽", "1️⃣", "क्षि", "각", "\r\n", " ", "日"]
texts = st.lists(st.sampled_from([*CHARACTERS, "\u0301", "\u200d"])).map("".join)


@pytest.mark.parametrize(
    "text", ["a", ".", "日", "👩‍👩‍👧‍👦", "\u2801", "  a", "\u200ba", "´", "\ue000"]
)
def test_something_shows(text):
    assert shows_something(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " \t\n", "\xa0", "\u3000", "\x00\x1b", "\u2028", "\u200b\u200d\ufeff", "\u202e"),
        *("\u2800", "\u3164", "\u115f", "\u1160", "\uffa0", "\ufe0f", "\U000e0061", "\U000e0100"),
        *("\xad", "\u034f", "\u180e", "\u17b4", "\U0001d159", "\U0001d173", "\u2800 \u3164"),
    ],
)
def test_nothing_shows(text):
    assert not shows_something(text)


@given(texts, st.integers(0, 60))
def test_a_cut_leaves_whole_characters(text, length):
    beginning = cut(text, length)

    assert text.startswith(beginning)
    assert len(beginning) <= length
    characters = regex.findall(r"\X", text)
    if len(text) > length >= len(characters[0]):
        whole = regex.findall(r"\X", beginning)
        assert whole == characters[: len(whole)]
        assert len(beginning) + len(characters[len(whole)]) > length


def test_a_character_that_is_too_long_is_cut():
    assert cut("e" + "\u0301" * 500, 10) == "e" + "\u0301" * 9


@given(texts)
def test_a_character_begins_and_ends_where_it_is_seen_to(text):
    edges = [0, *(match.end() for match in regex.finditer(r"\X", text))]

    for position in range(len(text) + 1):
        assert character_start(text, position) == max(edge for edge in edges if edge <= position)
        assert character_end(text, position) == min(edge for edge in edges if edge >= position)


@pytest.mark.parametrize(
    ("word", "letter"),
    [
        ("Ana", "A"),
        ("(ben)", "b"),
        ("e\u0301lan", "e\u0301"),
        ("किरण", "कि"),
        ("👨‍👩‍👧", ""),
        ("", ""),
    ],
)
def test_the_first_letter_has_its_marks(word, letter):
    assert first_letter(word) == letter
