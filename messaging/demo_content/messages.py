"""How the demo is written down: conversations as trees of messages, with ages instead of times."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True)
class DemoMessage:
    """A message, with its replies below it."""

    age: timedelta
    sender: str
    text: str
    replies: tuple[DemoMessage, ...] = ()
    # Earlier texts, oldest first, each with the age of the edit that replaced it.
    earlier_texts: tuple[tuple[str, timedelta], ...] = ()
    unread: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class DemoConversation:
    """The messages of two people to each other."""

    people: tuple[str, str]
    messages: tuple[DemoMessage, ...]  # those that answer nothing


def parse_age(text: str) -> timedelta:
    """The age that `text` spells: "3d 2h" is three days and two hours."""
    parts = re.findall(r"(\d+)([dhm])", text)
    return timedelta(**{UNITS[unit]: int(number) for number, unit in parts})


def message(age: str, sender: str, text: str, *replies: DemoMessage) -> DemoMessage:
    """A message that the other person has read."""
    return DemoMessage(parse_age(age), sender, text, replies)


def as_unread(one: DemoMessage) -> DemoMessage:
    """The same message, which the other person has not read yet."""
    return replace(one, unread=True)


def as_deleted(one: DemoMessage) -> DemoMessage:
    """The same message, which its sender deleted later."""
    return replace(one, deleted=True)


def as_edited(one: DemoMessage, *earlier: tuple[str, str]) -> DemoMessage:
    """The same message with earlier texts, each with the age of the edit that replaced it."""
    return replace(one, earlier_texts=tuple((text, parse_age(age)) for text, age in earlier))
