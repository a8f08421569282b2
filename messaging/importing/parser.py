"""The messages of a file. Each line is checked as far as it can be checked alone."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, BinaryIO

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from messaging.names import DISPLAY_NAME_MAX_LENGTH, clean_display_name
from messaging.services import clean_content
from messaging.text import cut

GZIP_BEGINS = b"\x1f\x8b"
SPOOL_SIZE = 16 * 1024 * 1024  # bytes of standard input that stay in memory, not in a file
MOST_IN_MEMORY = 100_000  # messages, about 100 MB
NO_DEFAULT = object()
FIRST_YEAR, LAST_YEAR = 1900, 2199  # of a message


class BadLine(Exception):
    """A line that cannot be imported. `reason` is a sentence."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Line {number}: {reason}")
        self.number = number
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EarlierText:
    content: str
    edited_at: datetime


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """One message of the file. Its people are user names."""

    number: int  # of its line in the file, from 1
    id: str  # the id that the file uses
    parent: str | None  # an id of the file
    sender: str
    receiver: str
    timestamp: datetime
    content: str
    read: bool
    edited: bool
    history: tuple[EarlierText, ...]  # oldest first

    @property
    def first_content(self) -> str:
        """The text before any edit."""
        return self.history[0].content if self.history else self.content


@contextmanager
def open_source(path: str) -> Iterator[BinaryIO]:
    """The file at `path`, or standard input for "-", in a form that can be read several times.

    The first bytes tell whether it is compressed by gzip, not its name.
    """
    given = nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb")  # noqa: SIM115
    with given as source, tempfile.SpooledTemporaryFile(max_size=SPOOL_SIZE) as copy:
        raw: Any = source
        if path == "-" or not source.seekable():
            shutil.copyfileobj(source, copy)
            raw = copy
        raw.seek(0)
        zipped = raw.read(len(GZIP_BEGINS)) == GZIP_BEGINS
        raw.seek(0)
        if zipped:
            raw = gzip.GzipFile(fileobj=raw, mode="rb")
        yield raw


class MessageFile:
    """All messages of a source. It can be iterated several times.

    The messages of a file of moderate size stay in memory: to check them again would take as long
    as to store them.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._in_memory: list[ImportedMessage] | None = None

    def __iter__(self) -> Iterator[ImportedMessage]:
        if self._in_memory is not None:
            yield from self._in_memory
            return
        messages: list[ImportedMessage] = []
        for count, message in enumerate(read_messages(self._source), start=1):
            if count <= MOST_IN_MEMORY:
                messages.append(message)
            yield message
        if len(messages) < MOST_IN_MEMORY:
            self._in_memory = messages


def read_messages(source: BinaryIO) -> Iterator[ImportedMessage]:
    """Every message of `source`, from its beginning. Blank lines are skipped.

    Raises:
        BadLine: the first line that is not a message.
    """
    source.seek(0)
    for number, raw in enumerate(source, start=1):
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.strip():
            try:
                yield _message(number, json.loads(raw.decode()))
            except _InvalidField as invalid:
                raise BadLine(number, str(invalid)) from None
            except UnicodeDecodeError:
                raise BadLine(number, "This is not UTF-8.") from None
            except (ValueError, RecursionError):  # nested too deep, or a number too long
                raise BadLine(number, "This is not JSON.") from None


class _InvalidField(Exception):
    """The reason why a line is not a message, as a sentence."""


def _message(number: int, fields: Any) -> ImportedMessage:
    if not isinstance(fields, dict):
        raise _InvalidField("This is not a JSON object.")
    sender, receiver = _name(fields, "sender"), _name(fields, "receiver")
    if sender == receiver:
        raise _InvalidField(f"The sender, {sender}, is also the receiver.")
    timestamp = _time(fields, "timestamp")
    history = _history(fields, timestamp)
    return ImportedMessage(
        number=number,
        id=_id(fields, "id"),
        parent=None if _field(fields, "parent") is None else _id(fields, "parent"),
        sender=sender,
        receiver=receiver,
        timestamp=timestamp,
        content=_text(fields, "content"),
        read=_flag(fields, "read", default=True),
        edited=_flag(fields, "edited", default=False) or bool(history),
        history=history,
    )


def _field(fields: dict[str, Any], name: str, default: Any = NO_DEFAULT) -> Any:
    value = fields.get(name, default)
    if value is NO_DEFAULT:
        raise _InvalidField(f'The field "{name}" is missing.')
    return value


def _string(fields: dict[str, Any], name: str) -> str:
    value = _field(fields, name)
    if not isinstance(value, str):
        raise _InvalidField(f'The field "{name}" is not a text.')
    return value


def _id(fields: dict[str, Any], name: str) -> str:
    value = _field(fields, name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise _InvalidField(f'The field "{name}" is neither a text nor a number.')
    return _storable(value, name)


def _name(fields: dict[str, Any], name: str) -> str:
    value = _normal_name(_storable(_string(fields, name), name))
    if not value.strip():
        raise _InvalidField(f'The field "{name}" is empty.')
    if len(value) > _longest_name():
        raise _InvalidField(f'The field "{name}" is longer than {_longest_name()} characters.')
    if problem := _problem_of_name(value):
        raise _InvalidField(f'The field "{name}" cannot be a name: {problem}')
    return value


@lru_cache(maxsize=10_000)  # a few people write most messages
def _normal_name(name: str) -> str:
    normal: str = get_user_model().normalize_username(name)
    return normal


@lru_cache(maxsize=10_000)
def _problem_of_name(name: str) -> str:
    """Why others could not see `name`, or would take it for another; empty if nothing is wrong."""
    try:
        clean_display_name(cut(name, DISPLAY_NAME_MAX_LENGTH))
    except ValidationError as error:
        return str(error.messages[0])
    return ""


@cache
def _longest_name() -> int:
    people = get_user_model()
    return getattr(people._meta.get_field(people.USERNAME_FIELD), "max_length", None) or 150


def _storable(value: str, name: str) -> str:
    """`value`, if the database can store it."""
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise _InvalidField(f'The field "{name}" is not Unicode.') from None
    if "\0" in value:
        raise _InvalidField(f'The field "{name}" has a NUL character.')
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = _string(fields, name)
    try:
        return clean_content(_storable(value, name))
    except ValidationError as error:
        raise _InvalidField(error.messages[0]) from None


def _flag(fields: dict[str, Any], name: str, *, default: bool) -> bool:
    value = _field(fields, name, default)
    if not isinstance(value, bool):
        raise _InvalidField(f'The field "{name}" is neither true nor false.')
    return value


def _time(fields: dict[str, Any], name: str) -> datetime:
    value = _string(fields, name)
    try:
        moment = datetime.fromisoformat(value)
        # A time without a zone is in UTC.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _InvalidField(f'The field "{name}" is not a time in ISO 8601.') from None
    # At either end of what a datetime can hold, its time in another zone cannot be written.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _InvalidField(
            f'The field "{name}" is not a time between {FIRST_YEAR} and {LAST_YEAR}.'
        )
    return moment


def _history(fields: dict[str, Any], timestamp: datetime) -> tuple[EarlierText, ...]:
    versions = _field(fields, "history", ())
    if not isinstance(versions, list | tuple):
        raise _InvalidField('The field "history" is not a list.')
    return tuple(_earlier_text(version, timestamp) for version in versions)


def _earlier_text(version: Any, timestamp: datetime) -> EarlierText:
    fields = {"content": version} if isinstance(version, str) else version
    if not isinstance(fields, dict):
        raise _InvalidField('The field "history" has something that is not an earlier text.')
    edited_at = _time(fields, "edited_at") if "edited_at" in fields else timestamp
    return EarlierText(_text(fields, "content"), edited_at)
