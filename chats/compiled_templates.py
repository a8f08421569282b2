"""Templates rendered once, with gaps, and filled in for each message.

The template engine takes some 150 microseconds for a message, and a page shows a hundred. Here it
renders each variety of a template once, with gaps where its strings go; filling them in takes a
fiftieth of that. Markup stays in templates, and what differs between varieties stays an `{% if %}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import escape
from operator import attrgetter
from typing import Any, NoReturn, Protocol

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# Characters for private use, which no template has. What people write never goes through here:
# it is filled in after the gaps have been found.
_OPENS, _CLOSES = "\ue000", "\ue001"
_GAP = re.compile(f"{_OPENS}([^{_CLOSES}]+){_CLOSES}")

VARIETIES = 4_000  # of all frames and languages; a variety is a kilobyte or two


class Framed(Protocol):
    """What can be drawn by a frame of its own."""

    @property
    def frame(self) -> CompiledTemplate: ...


class CompiledTemplate:
    """A template for things of one kind, which it calls `name`.

    `gaps` are the attributes it shows (as "person.avatar"), `choices` those it decides by: a
    variety is made for every combination of their values that is met, so these are flags and
    small numbers. The template can ask for no others, and cannot decide by a gap.
    """

    def __init__(
        self, template: str, name: str, *, gaps: Iterable[str], choices: Iterable[str] = ()
    ) -> None:
        self.template = template
        self.name = name
        self.gaps = frozenset(gaps)
        self.choices = tuple(choices)
        self._choices_of = _values_of(self.choices)

    def fill(self, thing: Any, language: str | None) -> str:
        """`thing` as HTML. What is not safe yet is escaped, as in any template."""
        make = _compile if settings.DEBUG else _compiled  # a template may just have been changed
        text_or_name, strings_of = make(self, language, self._choices_of(thing))
        pieces = list(text_or_name)
        # Not Django's `escape`: for texts that are not translated yet it takes four times as long.
        pieces[1::2] = [
            value if value.__class__ is SafeString else escape(str(value))
            for value in strings_of(thing)
        ]
        # Not `%` either: it grows its result bit by bit, which cost 2 microseconds a message or
        # 200, as the memory of the process happened to lie.
        return "".join(pieces)


def fill_all(things: Iterable[Framed]) -> SafeString:
    """All of them, one after the other."""
    language = get_language()
    return SafeString("".join([thing.frame.fill(thing, language) for thing in things]))


def _compile(
    frame: CompiledTemplate, language: str | None, values: tuple[Any, ...]
) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    """Text and names of gaps by turns, and what gives the strings of a thing for these gaps."""
    outline = _Outline(frame, dict(zip(frame.choices, values, strict=True)))
    html = render_to_string(frame.template, {frame.name: outline})
    # Blank space around it belongs to the template, not to the thing.
    text_or_name = _GAP.split(html.strip())
    return text_or_name, _values_of(text_or_name[1::2])


_compiled = lru_cache(VARIETIES)(_compile)


def _values_of(names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    names = tuple(names)
    if not names:
        return lambda _thing: ()
    if len(names) == 1:  # of a single name, attrgetter makes no tuple
        value_of = attrgetter(*names)
        return lambda thing: (value_of(thing),)
    return attrgetter(*names)


class _Gap(SafeString):
    """Stands for a string that is not known yet, and so cannot be decided by."""

    def __bool__(self) -> NoReturn:
        raise LookupError(f"The template decides by {self!s}: make it a choice of the frame.")


class _Outline:
    """Answers a template as the thing would: with a value for a choice, and a gap for a gap."""

    def __init__(self, frame: CompiledTemplate, values: dict[str, Any], path: str = "") -> None:
        self._frame = frame
        self._values = values
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python asks; a template cannot
            raise AttributeError(name)
        path = f"{self._path}{name}"
        if path in self._values:
            return self._values[path]
        if path in self._frame.gaps:
            return _Gap(f"{_OPENS}{path}{_CLOSES}")
        if any(known.startswith(f"{path}.") for known in (*self._frame.gaps, *self._values)):
            return _Outline(self._frame, self._values, f"{path}.")
        # Not an AttributeError: of those, templates make an empty string.
        raise LookupError(f"{self._frame.template} asks for {path}, which its frame does not know.")
