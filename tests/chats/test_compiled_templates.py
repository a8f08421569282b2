"""Frames: a template rendered once for each variety, and filled in."""

from dataclasses import dataclass

import pytest
from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import override

from chats import compiled_templates
from chats.compiled_templates import CompiledTemplate, fill_all
from chats.threads.layout import STEPS, LayoutStep


@dataclass
class Thing:
    name: str
    loud: bool = False


@pytest.fixture
def frame_of(monkeypatch):
    """A function that makes a frame for a template's source."""

    def make(source, **names):
        def render(_template, context):
            return engines["django"].from_string(source).render(context)

        monkeypatch.setattr(compiled_templates, "render_to_string", render)
        return CompiledTemplate("a template", "thing", **names)

    return make


def test_a_frame_shows_what_the_template_would_show(frame_of):
    frame = frame_of("<b>{{ thing.name }}, {{ thing.name }}</b>", gaps=["name"])

    assert frame.fill(Thing("Ana"), "en") == "<b>Ana, Ana</b>"


def test_what_is_not_safe_is_escaped_and_what_is_stays(frame_of):
    frame = frame_of("{{ thing.name }}", gaps=["name"])

    assert frame.fill(Thing("<i>"), "en") == "&lt;i&gt;"
    assert frame.fill(Thing(SafeString("<i>")), "en") == "<i>"


@pytest.mark.parametrize(
    "name", ["100%", "%s %(name)s {0}", "\ue000name\ue001", "\ue000loud\ue001"]
)
def test_no_text_is_taken_for_a_gap(frame_of, name):
    frame = frame_of("100% of {{ thing.name }} and {{ thing.name }}", gaps=["name"])

    assert frame.fill(Thing(name), "en") == f"100% of {name} and {name}"


def test_each_choice_is_a_variety(frame_of):
    frame = frame_of(
        "{% if thing.loud %}{{ thing.name }}!{% else %}({{ thing.name }}){% endif %}",
        gaps=["name"],
        choices=["loud"],
    )

    filled = [frame.fill(Thing("Ana", loud), "en") for loud in (True, False, True)]

    assert filled == ["Ana!", "(Ana)", "Ana!"]


def test_a_template_cannot_decide_by_a_gap(frame_of):
    frame = frame_of("{% if thing.name %}somebody{% endif %}", gaps=["name"])

    with pytest.raises(LookupError, match="make it a choice"):
        frame.fill(Thing("Ana"), "en")


def test_a_template_cannot_ask_for_what_the_frame_does_not_know(frame_of):
    frame = frame_of("{{ thing.name }}{{ thing.age }}", gaps=["name"])

    with pytest.raises(LookupError, match=r"asks for age"):
        frame.fill(Thing("Ana"), "en")


def test_every_language_has_its_own_varieties(frame_of):
    frame = frame_of(
        "{% load i18n %}{% get_current_language as language %}{{ language }}", gaps=["name"]
    )

    with override("de"):
        german = frame.fill(Thing("Ana"), "de")
    assert (german, frame.fill(Thing("Ana"), "en")) == ("de", "en")


def test_a_changed_template_shows_while_developing(frame_of, settings):
    settings.DEBUG = True
    frame = frame_of("old {{ thing.name }}", gaps=["name"])
    assert frame.fill(Thing("Ana"), "en") == "old Ana"

    frame_of("new {{ thing.name }}", gaps=["name"])

    assert frame.fill(Thing("Ana"), "en") == "new Ana"


def test_every_kind_of_step_asks_only_for_what_its_frame_knows():
    days = fill_all([LayoutStep("day", day="Today <1>"), LayoutStep("leave"), LayoutStep("close")])

    assert "Today &lt;1&gt;" in days
    assert set(STEPS) == {
        *("message", "leave", "open", "count", "close", "pill", "continue", "more", "day"),
    }
