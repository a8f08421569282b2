"""Checked lines into the database, in one transaction, with all that signals would have done.

No signals are sent: conversations, threads, versions, notifications and histories are made here.
What is imported looks afterwards as if it had been sent here, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import NotSupportedError, connection
from django.db.models import OuterRef, Subquery

from messaging import rendering
from messaging.importing.parser import BadLine, Line
from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.services.transactions import in_chunks, lock, one_transaction

# Names the messages of a file: the same line is the same message whenever it is imported.
NAMESPACE = UUID("4d1f6a35-6b0c-5e0e-9a1c-0c6f5b7f2e11")
AT_ONCE = 1000  # messages
DISPLAY_NAME_LENGTH = 80  # characters

Pair = tuple[str, str]


class Place(NamedTuple):
    """Where an imported message stands."""

    pk: int
    root_pk: int


class Known(NamedTuple):
    """A message that an earlier import made."""

    place: Place
    # None when it was edited or deleted here: then the file no longer says what it must be.
    text_hash: int | None


class Row(NamedTuple):
    """A message by the columns of its table.

    No model: to build one, and then SQL for it, takes longer than all the rest of the import.
    """

    id: int
    sender_id: int
    receiver_id: int
    content: str
    content_html: str
    html_version: int
    timestamp: datetime
    edited: bool
    read: bool
    read_at: datetime | None
    parent_message_id: int | None
    thread_id: int | None
    conversation_id: int
    client_key: UUID
    changed_in: int
    deleted_at: datetime | None


class Survey:
    """What a whole file needs, found before anything is written.

    Raises:
        BadLine: the first line that contradicts an earlier one.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.total = 0
        # The sender and the receiver of each message, by the file's own id.
        self.people_of: dict[str, Pair] = {}
        self.latest: dict[Pair, datetime] = {}
        pairs: dict[Pair, Pair] = {}  # one tuple for all messages from one person to another
        for line in lines:
            if line.id in self.people_of:
                raise BadLine(line.number, f"The id {line.id} was used on an earlier line.")
            people = (line.sender, line.receiver)
            parent = self.people_of.get(line.parent) if line.parent is not None else None
            if parent is not None and set(parent) != set(people):
                raise BadLine(line.number, f"Its parent, {line.parent}, is between other people.")
            self.people_of[line.id] = pairs.setdefault(people, people)
            pair = pair_of(people)
            self.latest[pair] = max(line.timestamp, self.latest.get(pair, line.timestamp))
            self.total += 1

    @property
    def names(self) -> list[str]:
        return sorted({name for pair in self.latest for name in pair})


def pair_of(people: Pair) -> Pair:
    low, high = sorted(people)
    return low, high


def client_key(people: Pair, file_id: str) -> UUID:
    """The key under which `message_sent_once` lets a line in a single time."""
    return uuid5(NAMESPACE, "\0".join((*people, file_id)))  # none of the parts has a NUL


@one_transaction
def write(survey: Survey, lines: Callable[[], Iterable[Line]]) -> int:
    """Store the messages of `lines` that are not here yet. Returns how many.

    Raises:
        BadLine: a parent is unknown, or the text of an id differs from an earlier import's.
    """
    return _Import(survey).write(lines())


class _Import:
    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.people = _people(survey.names)
        self.conversations, self.begun = self._conversations()
        # Versions are read once nobody else can raise them.
        pks = sorted(self.conversations.values())
        self.versions: dict[int, int] = {}
        for some in in_chunks(pks):
            here = Conversation.objects.filter(pk__in=some)
            lock(here)
            self.versions.update(here.values_list("pk", "version"))
        self.known = _known(sorted(set(pks) - self.begun))
        self.touched = self.begun | self._conversations_with_news()
        self.places: dict[str, Place] = {}

    def _conversations(self) -> tuple[dict[Pair, int], set[int]]:
        """The conversation of each pair, and those that had to be begun."""
        keys = {
            "{}:{}".format(*sorted(self.people[name] for name in pair)): pair
            for pair in self.survey.latest
        }
        found = _conversations_by_key(list(keys))
        new = [key for key in keys if key not in found]
        Conversation.objects.bulk_create(
            [Conversation(pair_key=key) for key in new], ignore_conflicts=True
        )
        begun = _conversations_by_key(new)
        Participant.objects.bulk_create(
            [
                Participant(
                    conversation_id=begun[key],
                    user_id=self.people[name],
                    last_activity=self.survey.latest[keys[key]],
                )
                for key in new
                for name in keys[key]
            ],
            ignore_conflicts=True,
        )
        found.update(begun)
        return {pair: found[key] for key, pair in keys.items()}, set(begun.values())

    def _conversations_with_news(self) -> set[int]:
        news = set()
        for file_id, people in self.survey.people_of.items():
            pk = self.conversations[pair_of(people)]
            if pk not in self.begun and client_key(people, file_id) not in self.known:
                news.add(pk)
        return news

    def write(self, lines: Iterable[Line]) -> int:
        Mailbox.objects.raise_versions(
            self.people[name]
            for pair, pk in self.conversations.items()
            if pk in self.touched
            for name in pair
        )
        pks = _new_pks()
        written = 0
        batch: list[tuple[Row, Line]] = []
        for line in lines:
            key = client_key((line.sender, line.receiver), line.id)
            if key in self.known:
                self.places[line.id] = self._same_as_before(line, self.known[key])
                continue
            batch.append((self._row(next(pks), key, line), line))
            if len(batch) == AT_ONCE:
                written += _store(batch)
                batch = []
        written += _store(batch)
        self._follow_up()
        return written

    def _same_as_before(self, line: Line, known: Known) -> Place:
        if known.text_hash not in (None, hash(line.first_content)):
            raise BadLine(line.number, f"The id {line.id} was imported before with another text.")
        return known.place

    def _row(self, pk: int, key: UUID, line: Line) -> Row:
        parent = self._place_of_parent(line)
        self.places[line.id] = Place(pk, parent.root_pk if parent else pk)
        conversation = self.conversations[pair_of((line.sender, line.receiver))]
        self.versions[conversation] += 1
        return Row(
            id=pk,
            sender_id=self.people[line.sender],
            receiver_id=self.people[line.receiver],
            content=line.content,
            content_html=rendering.render_content(line.content),
            html_version=rendering.HTML_VERSION,
            timestamp=line.timestamp,
            edited=line.edited,
            read=line.read,
            read_at=None,  # nobody knows when
            parent_message_id=parent.pk if parent else None,
            thread_id=parent.root_pk if parent else None,
            conversation_id=conversation,
            client_key=key,
            changed_in=self.versions[conversation],
            deleted_at=None,
        )

    def _place_of_parent(self, line: Line) -> Place | None:
        if line.parent is None:
            return None
        if line.parent in self.places:
            return self.places[line.parent]
        # Not in this file so far, but perhaps in one that was imported before.
        for people in ((line.sender, line.receiver), (line.receiver, line.sender)):
            known = self.known.get(client_key(people, line.parent))
            if known:
                return known.place
        raise BadLine(
            line.number, f"Its parent, {line.parent}, is unknown: parents come before replies."
        )

    def _follow_up(self) -> None:
        # The newest version of a conversation is that of the last message written to it.
        newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-changed_in")
        for some in in_chunks(sorted(self.touched)):
            Conversation.objects.filter(pk__in=some).update(
                version=Subquery(newest.values("changed_in")[:1]),
                last_message=Subquery(newest.values("pk")[:1]),
            )
        older = self.touched - self.begun
        for pair, pk in self.conversations.items():
            if pk in older:
                latest = self.survey.latest[pair]
                Participant.objects.filter(conversation=pk, last_activity__lt=latest).update(
                    last_activity=latest
                )


def _people(names: list[str]) -> dict[str, int]:
    """The ids of these people. Those who do not exist are made; they cannot sign in."""
    people = get_user_model()
    found = _people_by_name(names)
    new = [name for name in names if name not in found]
    people._base_manager.bulk_create(
        [
            people(
                username=name, first_name=name[:DISPLAY_NAME_LENGTH], password=make_password(None)
            )
            for name in new
        ],
        ignore_conflicts=True,
    )
    return found | _people_by_name(new)


def _people_by_name(names: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(names), AT_ONCE):
        some = get_user_model()._base_manager.filter(username__in=names[start : start + AT_ONCE])
        found.update(some.values_list("username", "pk"))
    return found


def _conversations_by_key(keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = Conversation.objects.filter(pair_key__in=keys[start : start + AT_ONCE])
        found.update(some.values_list("pair_key", "pk"))
    return found


def _known(conversations: list[int]) -> dict[UUID, Known]:
    """What these conversations have of earlier imports, by client key."""
    known = {}
    for some in in_chunks(conversations):
        rows = Message.objects.filter(conversation__in=some).values_list(
            "client_key", "pk", "thread_id", "content", "edited", "deleted_at"
        )
        for key, pk, thread, content, edited, deleted_at in rows.iterator(chunk_size=AT_ONCE):
            if key.version == NAMESPACE.version:  # the browser's keys are random ones
                changed = edited or deleted_at is not None
                known[key] = Known(Place(pk, thread or pk), None if changed else hash(content))
    return known


def _store(batch: list[tuple[Row, Line]]) -> int:
    _insert([row for row, _line in batch])
    MessageHistory.objects.bulk_create(
        MessageHistory(
            message_id=row.id,
            old_content=earlier.content,
            edited_at=earlier.edited_at,
            edited_by_id=row.sender_id,
        )
        for row, line in batch
        for earlier in line.history
    )
    # A message that counts as read has nothing to tell: the bell is not flooded with the past.
    Notification.objects.bulk_create(
        Notification(
            user_id=row.receiver_id,
            message_id=row.id,
            kind=Notification.Kind.REPLY if row.parent_message_id else Notification.Kind.MESSAGE,
            created_at=row.timestamp,
        )
        for row, _line in batch
        if not row.read
    )
    return len(batch)


def _insert(rows: list[Row]) -> None:
    quoted = connection.ops.quote_name
    table = quoted(Message._meta.db_table)
    columns = ", ".join(quoted(name) for name in Row._fields)
    marks = ", ".join(["%s"] * len(Row._fields))
    time_for = connection.ops.adapt_datetimefield_value
    key_for = Message._meta.get_field("client_key").get_db_prep_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 # nosec B608 (own names)
            [
                row._replace(
                    timestamp=cast(datetime, time_for(row.timestamp)),  # or SQLite's text for it
                    client_key=key_for(row.client_key, connection),
                )
                for row in rows
            ],
        )


def _new_pks() -> Iterator[int]:
    """Ids for new messages, ascending, known before the rows are written: a reply in the same
    batch has to name what it answers."""
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Nobody else writes before this transaction ends.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            (last,) = cursor.fetchone() or (0,)
            yield from count(last + 1)
        elif connection.vendor == "postgresql":
            while True:
                cursor.execute(
                    "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                    [table, AT_ONCE],
                )
                yield from [pk for (pk,) in cursor.fetchall()]
        else:
            raise NotSupportedError("Messages are imported into SQLite or PostgreSQL.")
