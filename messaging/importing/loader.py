"""Stores imported messages in one transaction, with everything that signals would have done.

No signals are sent: conversations, threads, versions, notifications and histories are made here.
Afterwards the messages look as if people had sent them here, one by one.

An import does not ask `people.may_write_to`. That rule is about new messages; an import brings
messages that somebody sent elsewhere, when all accounts were open. So the history of a closed
account is imported like any other, and the account stays closed. `parser` refuses a message to
oneself.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import NotSupportedError, connection
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Lower

from messaging import rendering
from messaging.folded_names import fold_names
from messaging.importing.parser import BadLine, ImportedMessage
from messaging.mailboxes import Mailbox
from messaging.models import (
    Conversation,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.names import DISPLAY_NAME_MAX_LENGTH
from messaging.services.transactions import in_chunks, lock, one_transaction
from messaging.text import cut

# The namespace of the client keys: a line has the same key in every import.
NAMESPACE = UUID("4d1f6a35-6b0c-5e0e-9a1c-0c6f5b7f2e11")
BATCH = 1000  # messages

Pair = tuple[str, str]  # user names


class ThreadPosition(NamedTuple):
    """What a reply has to know of its parent."""

    pk: int
    root_pk: int


class StoredMessage(NamedTuple):
    """A message that an earlier import stored."""

    position: ThreadPosition
    # By `hash`, so only for this process. None if the message was edited or deleted here: its text
    # may then differ from the file.
    text_hash: int | None


class MessageColumns(NamedTuple):
    """The values of a new message, by the columns of its table.

    Not a model: to build one, and SQL for it, takes longer than all the rest of the import.
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
    text_version: int | None
    changed_in: int
    deleted_at: datetime | None


class Survey:
    """What the import of a file needs to know of the whole file before it writes.

    Raises:
        BadLine: the first line that contradicts an earlier one.
    """

    def __init__(self, messages: Iterable[ImportedMessage]) -> None:
        self.total = 0  # messages
        # The sender and the receiver of each message, by the id of the file.
        self.people_of: dict[str, Pair] = {}
        self.latest: dict[Pair, datetime] = {}  # the time of the last message of each pair
        self.first_line: dict[str, int] = {}  # of each person, by user name
        # The order in which the messages are stored: by time, and never before what they answer.
        # Two arrays, since a file may have a million lines: numbers and not objects.
        line_of: dict[str, int] = {}
        moments = array("q")  # microseconds
        spelled: dict[str, str] = {}  # each name, by its small letters
        pairs: dict[Pair, Pair] = {}  # one tuple for all messages from one person to another
        for message in messages:
            number = message.number
            if message.id in self.people_of:
                raise BadLine(number, f"The id {message.id} was used on an earlier line.")
            people = (message.sender, message.receiver)
            for name in people:
                if name not in self.first_line:
                    self.first_line[name] = number
                    refuse_other_case(number, name, spelled.setdefault(name.lower(), name))
            parent = self.people_of.get(message.parent) if message.parent is not None else None
            if parent is not None and set(parent) != set(people):
                raise BadLine(number, f"Its parent, {message.parent}, is between other people.")
            self.people_of[message.id] = pairs.setdefault(people, people)
            pair = pair_of(people)
            self.latest[pair] = max(message.timestamp, self.latest.get(pair, message.timestamp))
            moment = int(message.timestamp.timestamp()) * 1_000_000 + message.timestamp.microsecond
            if message.parent in line_of:
                moment = max(moment, moments[line_of[message.parent]])
            line_of[message.id] = self.total
            moments.append(moment)
            self.total += 1
        # Where each line stands among all of them, by time.
        self.ranks = array("q", bytes(8 * self.total))
        for rank, line in enumerate(sorted(range(self.total), key=moments.__getitem__)):
            self.ranks[line] = rank

    @property
    def names(self) -> list[str]:
        """The user names of all people, sorted."""
        return sorted({name for pair in self.latest for name in pair})


def refuse_other_case(number: int, name: str, known: str) -> None:
    """Raises BadLine if `name` is `known` in other capital letters: people take them for one."""
    if name != known:
        raise BadLine(number, f"{name} and {known} differ only in capital letters.")


def pair_of(people: Pair) -> Pair:
    """The same two people in an order that does not depend on who writes."""
    low, high = sorted(people)
    return low, high


def client_key(people: Pair, file_id: str) -> UUID:
    """The client key of a message: the constraint `message_sent_once` lets it in once."""
    return uuid5(NAMESPACE, "\0".join((*people, file_id)))  # none of the parts has a NUL


@one_transaction
def store_messages(
    survey: Survey,
    messages: Callable[[], Iterable[ImportedMessage]],
    *,
    even_if_older: bool = False,
) -> int:
    """Store the messages that no earlier import stored, in the order of their times. Returns how
    many these are.

    `messages` gives the messages that `survey` has seen; it is called again if the transaction is
    repeated. With `even_if_older`, a message that is older than the newest one of its conversation
    here is stored as well: below it.

    Raises:
        BadLine: a parent is unknown, an earlier import stored another text under the same id, or a
            message is older than the newest one of its conversation here.
    """
    return _Import(survey, even_if_older=even_if_older).store(messages())


class _Import:
    def __init__(self, survey: Survey, *, even_if_older: bool) -> None:
        self.survey = survey
        self.people = _people(survey)
        self.conversations, self.new_conversations = self._conversations()
        # The locks come first: afterwards nobody else can raise the versions.
        pks = sorted(self.conversations.values())
        self.versions: dict[int, int] = {}
        for some in in_chunks(pks):
            locked = Conversation.objects.filter(pk__in=some)
            lock(locked)
            self.versions.update(locked.values_list("pk", "version"))
        self.stored = _stored_messages(sorted(set(pks) - self.new_conversations))
        self.changed_conversations = self.new_conversations | self._conversations_with_news()
        self.positions: dict[str, ThreadPosition] = {}  # by the id of the file
        # When the newest message of each old conversation was sent.
        self.newest: dict[int, datetime] = {}
        if not even_if_older:
            for some in in_chunks(sorted(self.changed_conversations - self.new_conversations)):
                written = Conversation.objects.filter(pk__in=some, last_message__isnull=False)
                self.newest.update(written.values_list("pk", "last_message__timestamp"))

    def _conversations(self) -> tuple[dict[Pair, int], set[int]]:
        """The id of the conversation of each pair, and the ids of those that are new."""
        keys = {
            "{}:{}".format(*sorted(self.people[name] for name in pair)): pair
            for pair in self.survey.latest
        }
        found = _conversations_by_key(list(keys))
        new = [key for key in keys if key not in found]
        Conversation.objects.bulk_create(
            [Conversation(pair_key=key) for key in new], ignore_conflicts=True
        )
        created = _conversations_by_key(new)
        Participant.objects.bulk_create(
            [
                Participant(
                    conversation_id=created[key],
                    user_id=self.people[name],
                    last_activity=self.survey.latest[keys[key]],
                )
                for key in new
                for name in keys[key]
            ],
            ignore_conflicts=True,
        )
        found.update(created)
        return {pair: found[key] for key, pair in keys.items()}, set(created.values())

    def _conversations_with_news(self) -> set[int]:
        """The ids of old conversations that get a message."""
        changed = set()
        for file_id, people in self.survey.people_of.items():
            pk = self.conversations[pair_of(people)]
            if pk not in self.new_conversations and client_key(people, file_id) not in self.stored:
                changed.add(pk)
        return changed

    def store(self, messages: Iterable[ImportedMessage]) -> int:
        Mailbox.objects.raise_versions(
            self.people[name]
            for pair, pk in self.conversations.items()
            if pk in self.changed_conversations
            for name in pair
        )
        pks = _new_pks(self.survey.total)
        count = 0
        batch: list[tuple[MessageColumns, ImportedMessage]] = []
        for message, rank in zip(messages, self.survey.ranks, strict=True):
            key = client_key((message.sender, message.receiver), message.id)
            if key in self.stored:
                self.positions[message.id] = self._position_of_stored(message, self.stored[key])
                continue
            batch.append((self._columns(pks[rank], key, message), message))
            if len(batch) == BATCH:
                count += _insert_batch(batch)
                batch = []
        count += _insert_batch(batch)
        self._update_conversations()
        return count

    def _position_of_stored(
        self, message: ImportedMessage, stored: StoredMessage
    ) -> ThreadPosition:
        if stored.text_hash not in (None, hash(message.first_content)):
            raise BadLine(
                message.number, f"The id {message.id} was imported before with another text."
            )
        return stored.position

    def _columns(self, pk: int, key: UUID, message: ImportedMessage) -> MessageColumns:
        parent = self._position_of_parent(message)
        self.positions[message.id] = ThreadPosition(pk, parent.root_pk if parent else pk)
        conversation = self.conversations[pair_of((message.sender, message.receiver))]
        newest = self.newest.get(conversation)
        if newest is not None and message.timestamp < newest:
            raise BadLine(
                message.number,
                f"{message.sender} and {message.receiver} have written here since, on {newest:%Y-%m-%d at %H:%M}. "
                "Messages that are older would stand below: --even-if-older puts them there.",
            )
        self.versions[conversation] += 1
        return MessageColumns(
            id=pk,
            sender_id=self.people[message.sender],
            receiver_id=self.people[message.receiver],
            content=message.content,
            content_html=rendering.render_content(message.content),
            html_version=rendering.HTML_VERSION,
            timestamp=message.timestamp,
            edited=message.edited,
            read=message.read,
            read_at=None,  # the file does not know when
            parent_message_id=parent.pk if parent else None,
            thread_id=parent.root_pk if parent else None,
            conversation_id=conversation,
            client_key=key,
            text_version=len(message.history) or None,
            changed_in=self.versions[conversation],
            deleted_at=None,
        )

    def _position_of_parent(self, message: ImportedMessage) -> ThreadPosition | None:
        if message.parent is None:
            return None
        if message.parent in self.positions:
            return self.positions[message.parent]
        # No earlier line of this file has it, but an earlier import may have stored it.
        for people in (
            (message.sender, message.receiver),
            (message.receiver, message.sender),
        ):
            stored = self.stored.get(client_key(people, message.parent))
            if stored:
                return stored.position
        raise BadLine(
            message.number,
            f"Its parent, {message.parent}, is unknown: parents come before replies.",
        )

    def _update_conversations(self) -> None:
        # Versions were given line by line, ids by time.
        messages = Message.objects.filter(conversation=OuterRef("pk"))
        changes, newest = messages.order_by("-changed_in"), messages.order_by("-id")
        for some in in_chunks(sorted(self.changed_conversations)):
            Conversation.objects.filter(pk__in=some).update(
                version=Subquery(changes.values("changed_in")[:1]),
                last_message=Subquery(newest.values("pk")[:1]),
            )
            Message.objects.filter(
                conversation__in=some, parent_message=None
            ).store_newest_replies()
        older = self.changed_conversations - self.new_conversations
        for pair, pk in self.conversations.items():
            if pk in older:
                latest = self.survey.latest[pair]
                Participant.objects.filter(conversation=pk, last_activity__lt=latest).update(
                    last_activity=latest
                )


def _people(survey: Survey) -> dict[str, int]:
    """The ids of the people of a file. Those who do not exist are made, without a password."""
    people = get_user_model()
    found = _people_by_name(survey.names)
    new = [name for name in survey.names if name not in found]
    for name, known in _known_in_other_case(new).items():
        refuse_other_case(survey.first_line[name], name, known)
    people._base_manager.bulk_create(
        [
            people(
                username=name,
                first_name=cut(name, DISPLAY_NAME_MAX_LENGTH),
                password=make_password(None),
            )
            for name in new
        ],
        ignore_conflicts=True,
    )
    made = _people_by_name(new)
    for some in in_chunks(sorted(made.values())):
        fold_names(people._base_manager.filter(pk__in=some))
    return found | made


def _known_in_other_case(names: list[str]) -> dict[str, str]:
    """Of these names, those that somebody here has in other capital letters, with that name."""
    small = {name.lower(): name for name in names}
    known = get_user_model()._base_manager.annotate(small=Lower("username"))
    found: dict[str, str] = {}
    for some in batched_names(sorted(small)):
        rows = known.filter(small__in=some).values_list("small", "username")
        found.update({small[one]: username for one, username in rows if one in small})
    return found


def batched_names(names: list[str]) -> Iterable[list[str]]:
    """`names`, a few hundred at a time."""
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _people_by_name(names: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in batched_names(names):
        people = get_user_model()._base_manager.filter(username__in=some)
        found.update(people.values_list("username", "pk"))
    return found


def _conversations_by_key(keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), BATCH):
        some = Conversation.objects.filter(pair_key__in=keys[start : start + BATCH])
        found.update(some.values_list("pair_key", "pk"))
    return found


def _stored_messages(conversations: list[int]) -> dict[UUID, StoredMessage]:
    """The messages of these conversations that earlier imports stored, by client key."""
    stored = {}
    for some in in_chunks(conversations):
        rows = Message.objects.filter(conversation__in=some).values_list(
            "client_key", "pk", "thread_id", "content", "edited", "deleted_at"
        )
        for key, pk, thread, content, edited, deleted_at in rows.iterator(chunk_size=BATCH):
            if key.version == NAMESPACE.version:  # the keys of browsers are random ones
                changed = edited or deleted_at is not None
                stored[key] = StoredMessage(
                    ThreadPosition(pk, thread or pk), None if changed else hash(content)
                )
    return stored


def _insert_batch(batch: list[tuple[MessageColumns, ImportedMessage]]) -> int:
    """Insert these messages, their histories and notifications. Returns how many messages."""
    _insert_messages([columns for columns, _message in batch])
    MessageHistory.objects.bulk_create(
        MessageHistory(
            message_id=columns.id,
            old_content=earlier.content,
            edited_at=earlier.edited_at,
            edited_by_id=columns.sender_id,
        )
        for columns, message in batch
        for earlier in message.history
    )
    answered = {columns.parent_message_id for columns, _message in batch}
    authors = dict(Message.objects.filter(pk__in=answered).values_list("pk", "sender_id"))
    # Only unread messages get a notification, so that the past does not flood the bell.
    Notification.objects.bulk_create(
        Notification(
            user_id=columns.receiver_id,
            message_id=columns.id,
            kind=Notification.Kind.REPLY
            if authors.get(columns.parent_message_id) == columns.receiver_id
            else Notification.Kind.MESSAGE,
            created_at=columns.timestamp,
        )
        for columns, _message in batch
        if not columns.read
    )
    return len(batch)


def _insert_messages(messages: list[MessageColumns]) -> None:
    quoted = connection.ops.quote_name
    table = quoted(Message._meta.db_table)
    columns = ", ".join(quoted(name) for name in MessageColumns._fields)
    marks = ", ".join(["%s"] * len(MessageColumns._fields))
    time_for = connection.ops.adapt_datetimefield_value
    key_for = Message._meta.get_field("client_key").get_db_prep_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 # nosec B608 (own names)
            [
                message._replace(
                    timestamp=cast(datetime, time_for(message.timestamp)),  # a string on SQLite
                    client_key=key_for(message.client_key, connection),
                )
                for message in messages
            ],
        )


def _new_pks(number: int) -> Sequence[int]:
    """So many ids for new messages, ascending. They are known before the rows are inserted, because
    a reply names its parent in the same batch.
    """
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Nobody else can write before this transaction ends.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            (last,) = cursor.fetchone() or (0,)
            return range(last + 1, last + 1 + number)
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [table, number],
            )
            return array("q", (pk for (pk,) in cursor))
    raise NotSupportedError("Messages are imported into SQLite or PostgreSQL.")
