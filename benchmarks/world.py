"""The generated data that is measured: who writes to whom, and every row of the tables.

The same size gives the same rows, but for times, which are counted back from now. The measured
pages show the same at every size, so that a difference in time comes from the rows that they do
not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from messaging.rendering import HTML_VERSION, render_content

# The ids of the people of the measured pages.
READER, WRITER, THREADED, CHAINED = 1, 2, 3, 4
FLOODED, FLOODER = 5, 6
READERS_CONVERSATIONS = 200
FLOODED_CONVERSATIONS = 50

UNREAD = 300  # unread messages of the reader
UNREAD_IN = 40  # conversations that these are spread over
RECENT = 12  # an ordinary reply answers one of this many messages before it
REPLIES = 0.55  # the share of ordinary messages that are replies
STILL_UNREAD = 0.03  # the share of all messages that are unread: the newest
EDITED = 0.02  # the share of messages that were edited
VERSIONS = 12  # earlier texts of the message whose history is measured

HISTORY = timedelta(days=730)  # the time between the first and the last message

# The newest 20 root messages of a measured page, oldest first: the number of replies of each, and
# how many of these the reader has not read. Threads with unread messages are open, so that the page
# draws 50 messages.
NEWEST = (
    *((0, 0), (6, 0), (0, 0), (0, 0), (14, 0), (0, 0), (0, 0), (30, 0), (0, 0), (1, 0)),
    *((0, 0), (10, 3), (0, 0), (0, 0), (2, 0), (14, 5), (0, 0), (6, 1), (0, 0), (0, 0)),
)

SOME_WORDS = (
    "the a and to of in it that is was for on with as at by this but from or have an they which "
    "one you were all we there would what so if when up out about who some could time them two "
    "then do any like our now more other into only new see over down also back after way first "
    "meeting train garden window letter morning river bread ticket market kitchen bicycle coffee "
    "Thursday harbour lantern budget draft plan photograph weather neighbour library station"
)


@dataclass
class Landmarks:
    """The ids of the rows that the measured requests name."""

    reader: int = READER
    conversation: int = 1
    answered: int = 0  # a message on the page of that conversation, without replies
    edited: int = 0  # the message with the long history
    threaded: int = 2  # the conversation with the long thread
    thread: int = 0  # the root of the long thread
    chain_leaf: int = 0  # the deepest message
    flooded: int = FLOODED  # the person with very many unread messages
    flooded_conversation: int = 0
    last_message: int = 0  # messages above this id were sent by a measurement
    # Pairs of a person and a conversation, for measurements with many people.
    writers: list[tuple[int, int]] = field(default_factory=list)
    # Replies in the long thread without replies of their own.
    unanswered: list[int] = field(default_factory=list)

    def write(self, path: Path, **more: Any) -> None:
        """Write these ids, and the values `more`, to `path` as JSON."""
        path.write_text(json.dumps(asdict(self) | more))


class World:
    """The rows of `size` messages and of everything that belongs to them, by ascending id.

    `messages` has to be read to its end before the other rows are complete.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.random = Random(size)  # noqa: S311  # the same rows on every machine
        self.landmarks = Landmarks()
        self.people = 400 + size // 250
        self.pairs = self._pairs()
        self._texts = self._some_texts()
        # The newest messages of each conversation: (id, id of the root, id of the sender).
        self._newest: list[list[tuple[int, int, int]]] = [[] for _ in self.pairs]
        self._replies: list[int] = []  # the ids of the replies in the long thread
        self.last_message: dict[int, tuple[int, str]] = {}  # id and time, by conversation
        self.notifications: list[tuple[Any, ...]] = []
        self.histories: list[tuple[Any, ...]] = []
        self._end = datetime.now(UTC)
        self._pk = 0

    def _pairs(self) -> list[tuple[int, int]]:
        """The two people of each conversation; the first pair has conversation 1."""
        pairs = {(READER, WRITER): None, (READER, THREADED): None, (READER, CHAINED): None}
        pairs |= dict.fromkeys((READER, 10 + n) for n in range(READERS_CONVERSATIONS))
        pairs |= {(FLOODED, FLOODER): None}
        pairs |= dict.fromkeys((FLOODED, 10 + n) for n in range(FLOODED_CONVERSATIONS))
        while len(pairs) < max(400, self.size // 50):
            one, other = sorted(self.random.sample(range(10, self.people + 1), 2))
            pairs[one, other] = None
        found = list(pairs)
        self._first_flooded = found.index((FLOODED, FLOODER))
        self._first_other = self._first_flooded + 1 + FLOODED_CONVERSATIONS
        self.landmarks.flooded_conversation = self._first_flooded + 1
        # Each person who writes under load has a conversation of an ordinary size.
        others = enumerate(found[self._first_other :], self._first_other + 1)
        self.landmarks.writers = list({pair[0]: number for number, pair in others}.items())[:64]
        return found

    def _some_texts(self) -> list[tuple[str, str]]:
        """Texts as typed and as HTML: most are short, a few long."""
        texts = []
        known = SOME_WORDS.split()
        for _number in range(2_000):
            length = min(400, max(2, int(self.random.lognormvariate(2.6, 0.8))))
            words = self.random.choices(known, k=length)
            text = " ".join(words).capitalize() + "."
            if length > 60:
                text = text.replace(" and ", ".\n\nAnd ", 1)
            if self.random.random() < 0.03:
                text += " https://example.com/" + words[0]
            texts.append((text, str(render_content(text))))
        return texts

    def messages(self) -> Iterator[tuple[Any, ...]]:
        """The rows of messages, as `MESSAGE_COLUMNS`. Rows of other tables collect meanwhile in
        `notifications`, `histories` and `last_message`.
        """
        places = self._places()
        newest_part = len(places) * (1 - STILL_UNREAD)
        thread = chain = None
        for number, place in enumerate(places):
            one, other = self.pairs[place]
            recent = self._newest[place]
            if place == 1:  # one message with ten thousand direct replies
                parent = thread
            elif place == 2:  # each answers the one before
                parent = chain
            elif recent and self.random.random() < REPLIES:
                parent = self.random.choice(recent)
            else:
                parent = None
            sender = one if self.random.random() < 0.5 else other
            # The measured reader has unread messages only where the code below puts them.
            unread = number > newest_part and READER not in (one, other)
            if self._first_flooded <= place < self._first_other:
                sender, unread = other, True
            yield self._message(place, sender, parent, unread=unread)
            if place == 1:
                self._replies.append(self._pk)
                thread = thread or recent[-1]
            elif place == 2:
                chain = recent[-1]
        assert thread is not None  # noqa: S101
        assert chain is not None  # noqa: S101
        self.landmarks.thread = thread[0]
        self.landmarks.chain_leaf = chain[0]
        for number in range(UNREAD):
            place = 3 + number % UNREAD_IN
            recent = self._newest[place]
            parent = recent[-1] if recent and number % 3 else None
            yield self._message(place, self.pairs[place][1], parent, unread=True)
        # The root of the long thread is the oldest root on its page.
        yield from self._page(1, NEWEST[1:], READER)
        yield from self._page(self._first_flooded, NEWEST, FLOODED)
        yield from self._page(0, NEWEST, READER)
        # The last two messages have no replies, and the last one was edited often.
        self.landmarks.answered, self.landmarks.edited = (row[0] for row in self._newest[0][-2:])
        self.landmarks.unanswered = self._replies[-1_000:]
        self.landmarks.last_message = self._pk

    def _places(self) -> list[int]:
        """For each message before those of the measured pages, the index of its pair, shuffled."""
        counts = [0] * len(self.pairs)
        counts[0] = self.size // 5
        counts[1] = min(10_001, self.size // 10)
        counts[2] = min(1_000, self.size // 10)
        flooded = range(self._first_flooded, self._first_other)
        for place in flooded:
            counts[place] = self.size // 20 // len(flooded)
        pages = 3 * (len(NEWEST) + sum(replies for replies, _unread in NEWEST)) - 1
        left = self.size - sum(counts) - UNREAD - pages
        # The sizes of conversations follow a power law. Those of the reader are small and equal.
        others = [place for place in range(3, len(self.pairs)) if place not in flooded]
        weights = [
            1 / (50 if place < self._first_flooded else place - self._first_other + 2) ** 0.9
            for place in others
        ]
        for place in self.random.choices(others, weights, k=left):
            counts[place] += 1
        places = [place for place, count in enumerate(counts) for _ in range(count)]
        self.random.shuffle(places)
        return places

    def _page(
        self, place: int, newest: tuple[tuple[int, int], ...], reader: int
    ) -> Iterator[tuple[Any, ...]]:
        """The messages that the page of a conversation shows."""
        one, other = self.pairs[place]
        writer = other if reader == one else one
        for number, (replies, unread) in enumerate(newest, 1):
            versions = VERSIONS if number == len(newest) else 0
            yield self._message(place, writer if replies % 4 else reader, None, versions=versions)
            thread = [self._newest[place][-1]]
            for number in range(replies):
                is_unread = number >= replies - unread
                # Some answer the root, some the message before, at most four levels deep.
                parent = thread[0] if number % 3 == 0 else thread[-1]
                sender = writer if is_unread or number % 2 else reader
                yield self._message(place, sender, parent, unread=is_unread)
                thread.append(self._newest[place][-1])

    def _message(
        self,
        place: int,
        sender: int,
        parent: tuple[int, int, int] | None,
        *,
        unread: bool = False,
        versions: int = 0,
    ) -> tuple[Any, ...]:
        self._pk += 1
        pk, conversation = self._pk, place + 1
        one, other = self.pairs[place]
        receiver = other if sender == one else one
        moment = self._end - HISTORY * max(0, 1 - pk / self.size)
        timestamp = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        content, html = self.random.choice(self._texts)
        parent_pk, thread = (parent[0], parent[1]) if parent else (None, None)
        if not versions and self.random.random() < EDITED:
            versions = 1
        for _number in range(versions):
            old = self.random.choice(self._texts)[0]
            self.histories.append((len(self.histories) + 1, pk, old, timestamp, sender))
        recent = self._newest[place]
        recent.append((pk, thread or pk, sender))
        del recent[:-RECENT]
        self.last_message[conversation] = (pk, timestamp)
        kind = "reply" if parent and parent[2] == receiver else "message"
        self.notifications.append((pk, receiver, pk, kind, int(not unread), timestamp))
        return (
            *(pk, sender, receiver, content, html, HTML_VERSION, timestamp, int(versions > 0)),
            *(int(not unread), None if unread else timestamp, parent_pk, thread, conversation),
            *(UUID(int=pk).hex, versions or None, pk, None),
        )


MESSAGE_COLUMNS = (
    *("id", "sender_id", "receiver_id", "content", "content_html", "html_version", "timestamp"),
    *("edited", "read", "read_at", "parent_message_id", "thread_id", "conversation_id"),
    *("client_key", "text_version", "changed_in", "deleted_at"),
)
HISTORY_COLUMNS = ("id", "message_id", "old_content", "edited_at", "edited_by_id")
NOTIFICATION_COLUMNS = ("id", "user_id", "message_id", "kind", "read", "created_at")
CONVERSATION_COLUMNS = ("id", "pair_key", "version", "last_message_id", "created_at")
PARTICIPANT_COLUMNS = (
    *("conversation_id", "user_id", "last_activity", "version"),
    *("mail_pending", "mailed_up_to", "by_activity"),
)
