"""Templates rendered once, with gaps, and filled in for each message.

The template engine takes some 150 microseconds for a message, and a page shows a hundred. Here the
engine renders each variety of a template once, with gaps where its strings go. Filling the gaps in
takes a fiftieth of that time. Markup stays in templates, and what differs between varieties stays an
`{% if %}`.

The annotations of the dataclass that a template draws say which attributes are gaps and which decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import cached_property, lru_cache
from html import escape
from operator import attrgetter
from types import UnionType
from typing import (
    Any,
    ClassVar,
    NewType,
    NoReturn,
    Protocol,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# A number that only decides on a plural form. A variety is made for each, so it is small.
PluralNumber = NewType("PluralNumber", int)

# Characters for private use, which no template has. What people write never goes through here:
# it is filled in after the gaps have been found.
_OPENS, _CLOSES = "\ue000", "\ue001"
_GAP = re.compile(f"{_OPENS}([^{_CLOSES}]+){_CLOSES}")
_INDENTATION = re.compile(r"\s*\n\s*")

VARIETIES = 4_000  # of all templates and languages; a variety is a kilobyte or two


class Drawn(Protocol):
    """A dataclass that a compiled template draws."""

    compiled: ClassVar[CompiledTemplate]


class CompiledTemplate:
    """`template` for objects of the dataclass `drawn`, which the template calls `name`.

    Attributes and properties annotated `str`, `SafeString` or `int` are gaps: the template can show
    them. Those annotated `bool` or `PluralNumber` are choices: the template can decide by them, and a
    variety is made for each combination of values that occurs. Dataclasses inside are known by their
    own annotations, as "person.avatar". The template can ask for nothing else.

    Indentation and empty lines of the template are left out; each line break stays.
    """

    def __init__(self, template: str, name: str, drawn: type) -> None:
        self.template = template
        self.name = name
        self._drawn = drawn

    @cached_property
    def gaps(self) -> frozenset[str]:
        """The attributes that the template shows."""
        return frozenset(path for path, is_choice in _attributes_of(self._drawn) if not is_choice)

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The attributes that the template decides by."""
        return tuple(path for path, is_choice in _attributes_of(self._drawn) if is_choice)

    @cached_property
    def _choices_of(self) -> Callable[[Any], tuple[Any, ...]]:
        return _values_of(self.choices)

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


def drawn_by(template: str, name: str) -> Callable[[type], Any]:
    """Decorates a dataclass: `template`, which calls an object of it `name`, draws it."""

    def decorate(drawn: type) -> type:
        drawn.compiled = CompiledTemplate(template, name, drawn)  # type: ignore[attr-defined]
        return drawn

    return decorate


def fill_all(things: Iterable[Drawn]) -> SafeString:
    """All of them as HTML, one after the other."""
    language = get_language()
    return SafeString("".join([thing.compiled.fill(thing, language) for thing in things]))


def _attributes_of(drawn: type, path: str = "") -> Iterator[tuple[str, bool]]:
    """Each attribute that a template can ask for, and whether it is a choice."""
    for name, annotation in _annotations_of(drawn).items():
        kinds = _members(annotation)
        for kind in kinds:
            if kind in (bool, PluralNumber):
                yield f"{path}{name}", True
            elif kind in (str, SafeString, int):
                yield f"{path}{name}", False
            elif isinstance(kind, type) and is_dataclass(kind):
                inside = _attributes_of(kind, f"{path}{name}.")
                # What may be None has nothing to decide by.
                yield from (one for one in inside if len(kinds) == 1 or not one[1])


def _annotations_of(drawn: type) -> dict[str, Any]:
    properties = {
        name: get_type_hints(value.fget).get("return")
        for name, value in vars(drawn).items()
        if isinstance(value, property)
    }
    return get_type_hints(drawn) | properties


def _members(annotation: Any) -> tuple[Any, ...]:
    """`X` and `None` for `X | None`."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _compile(
    compiled: CompiledTemplate, language: str | None, values: tuple[Any, ...]
) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    """Text and names of gaps by turns, and what gives the strings of an object for these gaps."""
    outline = _Outline(compiled, dict(zip(compiled.choices, values, strict=True)))
    html = render_to_string(compiled.template, {compiled.name: outline}).strip()
    html = _INDENTATION.sub("\n", html)
    text_or_name = _GAP.split(html)
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
        raise LookupError(f"The template decides by {self!s}, which its annotation makes a gap.")


class _Outline:
    """Answers a template as the object would: with a value for a choice, and a gap for a gap."""

    def __init__(self, compiled: CompiledTemplate, values: dict[str, Any], path: str = "") -> None:
        self._compiled = compiled
        self._values = values
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python asks; a template cannot
            raise AttributeError(name)
        path = f"{self._path}{name}"
        if path in self._values:
            return self._values[path]
        gaps = self._compiled.gaps
        if path in gaps:
            return _Gap(f"{_OPENS}{path}{_CLOSES}")
        if any(known.startswith(f"{path}.") for known in (*gaps, *self._values)):
            return _Outline(self._compiled, self._values, f"{path}.")
        # Not an AttributeError: of those, templates make an empty string.
        raise LookupError(f"{self._compiled.template} asks for {path}, which it cannot know.")
