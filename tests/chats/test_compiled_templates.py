"""Templates rendered once for each variety, and filled in."""

from dataclasses import dataclass
from datetime import date

import pytest
from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import override

from chats import compiled_templates
from chats.compiled_templates import CompiledTemplate, PluralNumber, fill_all
from chats.threads.layout_steps import DayStep, EndOfMessage, EndOfReplies


@dataclass
class Inner:
    text: str
    plural: PluralNumber


@dataclass
class Thing:
    name: str
    loud: bool = False
    inner: Inner | None = None
    day: date | None = None

    @property
    def has_inner(self) -> bool:
        return self.inner is not None


@pytest.fixture
def compiled_from(monkeypatch):
    """A function that makes a compiled template of a template's source."""

    def make(source):
        def render(_template, context):
            return engines["django"].from_string(source).render(context)

        monkeypatch.setattr(compiled_templates, "render_to_string", render)
        return CompiledTemplate("a template", "thing", Thing)

    return make


def test_the_annotations_say_what_a_template_shows_and_what_it_decides_by(compiled_from):
    template = compiled_from("")

    assert template.gaps == {"name", "inner.text"}
    assert set(template.choices) == {"loud", "has_inner"}


def test_it_shows_what_the_template_would_show(compiled_from):
    template = compiled_from("<b>{{ thing.name }}, {{ thing.name }}</b>")

    assert template.fill(Thing("Ana"), "en") == "<b>Ana, Ana</b>"


def test_what_is_not_safe_is_escaped_and_what_is_stays(compiled_from):
    template = compiled_from("{{ thing.name }}")

    assert template.fill(Thing("<i>"), "en") == "&lt;i&gt;"
    assert template.fill(Thing(SafeString("<i>")), "en") == "<i>"


@pytest.mark.parametrize(
    "name", ["100%", "%s %(name)s {0}", "\ue000name\ue001", "\ue000loud\ue001"]
)
def test_no_text_is_taken_for_a_gap(compiled_from, name):
    template = compiled_from("100% of {{ thing.name }} and {{ thing.name }}")

    assert template.fill(Thing(name), "en") == f"100% of {name} and {name}"


def test_each_choice_is_a_variety(compiled_from):
    template = compiled_from(
        "{% if thing.loud %}{{ thing.name }}!{% else %}({{ thing.name }}){% endif %}"
    )

    filled = [template.fill(Thing("Ana", loud), "en") for loud in (True, False, True)]

    assert filled == ["Ana!", "(Ana)", "Ana!"]


def test_a_template_cannot_decide_by_a_gap(compiled_from):
    template = compiled_from("{% if thing.name %}somebody{% endif %}")

    with pytest.raises(LookupError, match="makes a gap"):
        template.fill(Thing("Ana"), "en")


def test_a_template_cannot_ask_for_what_no_annotation_names(compiled_from):
    template = compiled_from("{{ thing.name }}{{ thing.age }}")

    with pytest.raises(LookupError, match=r"asks for age"):
        template.fill(Thing("Ana"), "en")


def test_every_language_has_its_own_varieties(compiled_from):
    template = compiled_from("{% load i18n %}{% get_current_language as language %}{{ language }}")

    with override("de"):
        german = template.fill(Thing("Ana"), "de")
    assert (german, template.fill(Thing("Ana"), "en")) == ("de", "en")


def test_a_changed_template_shows_while_developing(compiled_from, settings):
    settings.DEBUG = True
    template = compiled_from("old {{ thing.name }}")
    assert template.fill(Thing("Ana"), "en") == "old Ana"

    compiled_from("new {{ thing.name }}")

    assert template.fill(Thing("Ana"), "en") == "new Ana"


def test_steps_are_drawn_one_after_the_other():
    days = fill_all([DayStep(day="Today <1>", date="2026-11-27"), EndOfMessage(), EndOfReplies()])

    assert days.index("Today &lt;1&gt;") < days.index("</li>") < days.index("</ol>")


def test_indentation_of_the_template_is_left_out_and_line_breaks_stay(compiled_from):
    template = compiled_from("<p>\n    {{ thing.name }}\n\n  </p>\n")

    assert template.fill(Thing("a\n  b"), "en") == "<p>\na\n  b\n</p>"
