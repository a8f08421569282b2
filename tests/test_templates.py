"""Templates are read by people: one element stands on one line."""

from pathlib import Path

TEMPLATES = Path(__file__).parent.parent / "templates"
LONGEST = 400  # characters: a translated sentence, or the attributes of an icon


def test_no_line_of_a_template_holds_more_than_an_element():
    long = [
        f"{path.relative_to(TEMPLATES)}:{number}: {len(line)} characters"
        for path in sorted(TEMPLATES.rglob("*.html"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > LONGEST
    ]

    assert not long, "\n".join(long)
