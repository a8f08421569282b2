import pytest
from django.core.exceptions import ValidationError

from messaging.names import clean_display_name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ana   Lima ", "Ana Lima"),
        ("ليلى حداد", "ليلى حداد"),
        ("渡辺 健二", "渡辺 健二"),
        ("Jose\u0301", "José"),  # two characters become one
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian needs the mark that joins nothing
        ("👩\u200d🚒 Rosa", "👩\u200d🚒 Rosa"),
        ("a" * 80, "a" * 80),
        ("Анна Smith", "Анна Smith"),  # each word in one script
        ("渡辺ケンじ Kenji", "渡辺ケンじ Kenji"),
        ("Νίκος", "Νίκος"),
        ("X\u00c6 12 \u0410-12", "X\u00c6 12 \u0410-12"),
    ],
)
def test_a_name_is_kept_in_any_script(typed, kept):
    assert clean_display_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "Ana\u202enimda",  # turns the direction of what follows
        "\u2066Ana\u2069",
        "Ana\nLima",
        "Ana\0",
        "Ana\u2028Lima",
        "\u200b\u200d",
        "\u0301",
        "\u2800",
        "\u3164\ufe0f \u115f",
        "   ",
        "a" * 81,
        "J\u043enas Feldweg",  # a Cyrillic o
        "Feldweg Jona\u0455",
        "\u0391na",  # a Greek capital alpha
        "\u13a1ita",  # a Cherokee letter like R
        "\ud800",
    ],
)
def test_a_name_that_deceives_or_does_not_show_is_refused(typed):
    with pytest.raises(ValidationError):
        clean_display_name(typed)
