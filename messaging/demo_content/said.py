"""How the sample is written down: a tree of what is said, with times counted back from now."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class Said:
    """A message and, below it, its replies."""

    ago: timedelta
    by: str
    text: str
    replies: tuple[Said, ...] = ()
    # Earlier texts, oldest first, each with when it was replaced.
    earlier: tuple[tuple[str, timedelta], ...] = ()
    unread: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class Talk:
    """What two people write to each other."""

    people: tuple[str, str]
    said: tuple[Said, ...]


def ago(text: str) -> timedelta:
    """A time before now: "3d 2h" is three days and two hours ago."""
    parts = re.findall(r"(\d+)([dhm])", text)
    return timedelta(**{UNITS[unit]: int(number) for number, unit in parts})


def say(when: str, by: str, text: str, *replies: Said) -> Said:
    """What `by` has read by the other person, unless the sample says otherwise."""
    return Said(ago(when), by, text, replies)


def unread(said: Said) -> Said:
    """The same, not read yet."""
    return replace(said, unread=True)


def deleted(said: Said) -> Said:
    """The same, deleted by its author afterwards."""
    return replace(said, deleted=True)


def edited(said: Said, *earlier: tuple[str, str]) -> Said:
    """The same, after earlier texts: each with the time at which it was replaced."""
    return replace(said, earlier=tuple((text, ago(when)) for text, when in earlier))
