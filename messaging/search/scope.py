"""Whose messages a query covers, as tokens that the index holds beside the words.

Each message in the index carries a token for its sender (`s12`), one for its conversation (`c7`)
and, if one person receives it, one for the receiver (`r34`). With these tokens the index itself
leaves out the messages of other people. Without them a reader with few messages who searches for
a common word would wait while the database reads the hits in all messages of all people.

Two tokens cover the messages that a reader sent and received, however many conversations the
reader has. The tokens of senders and receivers answer `from:` and `to:`, those of conversations
answer `with:`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from messaging.models import Participant
from messaging.people import display_name
from messaging.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from messaging.search.query import Query

# The name of the reader in `from:` and `to:`, in every language so far.
ME = "me"
EDITED = "e"  # the token of messages that were edited

Clause = tuple[str, ...]  # tokens


@dataclass(frozen=True, slots=True)
class Scope:
    """A message is in scope if it carries, of each clause, at least one token."""

    clauses: tuple[Clause, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no message can be in scope, because a filter names nobody."""
        return not all(self.clauses)


@dataclass(slots=True)
class _Contact:
    """A person whom the reader shares conversations with."""

    words: set[str]  # of the names
    conversations: set[int] = field(default_factory=set)


def scope_of(query: Query, reader: User) -> Scope:
    """The scope of `query` for `reader`. One statement if the query names people, else none."""
    own: Clause = (f"s{reader.pk}", f"r{reader.pk}")
    clauses: list[Clause] = [(EDITED,)] if query.edited else []
    if not (query.senders or query.receivers or query.others):
        return Scope((own, *clauses))
    contacts = _contacts_of(reader)
    people = {pk: contact.words for pk, contact in contacts.items()}
    people[reader.pk] = _words(f"{display_name(reader)} {reader.username} {ME}")
    if query.senders:
        clauses.append(_tokens("s", _people_named(query.senders, people)))
    if query.receivers:
        clauses.append(_tokens("r", _people_named(query.receivers, people)))
    if query.others:
        others = _people_named(query.others, people) - {reader.pk}
        # These conversations are the reader's own: no other token has to say so.
        own = _tokens("c", {shared for pk in others for shared in contacts[pk].conversations})
    return Scope((own, *clauses))


def _tokens(kind: str, pks: Iterable[int]) -> Clause:
    return tuple(f"{kind}{pk}" for pk in sorted(pks))


def _contacts_of(reader: User) -> dict[int, _Contact]:
    """The people `reader` shares conversations with, by id."""
    shared = Participant.objects.filter(conversation__participants__user=reader)
    rows = shared.exclude(user=reader).values_list(
        "user_id", "conversation_id", "user__first_name", "user__username"
    )
    contacts: dict[int, _Contact] = {}
    for pk, conversation, first_name, username in rows.order_by():
        if pk not in contacts:
            contacts[pk] = _Contact(_words(f"{first_name} {username}"))
        contacts[pk].conversations.add(conversation)
    return contacts


def _words(text: str) -> set[str]:
    return {word.folded for word in words_of(text)}


def _people_named(names: list[str], people: dict[int, set[str]]) -> set[int]:
    """The ids of those of `people` who have one of `names`.

    A person has a name if each of its words begins one of the person's words.
    """
    return {
        pk
        for pk, words in people.items()
        for name in names
        if all(any(word.startswith(wanted) for word in words) for wanted in _words(name))
    }
