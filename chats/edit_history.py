"""The versions of an edited message, as its readers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from messaging.rendering import render_content, render_difference

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from chats.message_view_model import Person, Presenter
    from messaging.models import Message

VERSIONS = 20  # shown at a time


@dataclass(slots=True)
class Version:
    """One text of a message: the first as it was written, later ones as what they changed."""

    person: Person
    own: bool
    first: bool
    when: str
    when_machine: str
    html: SafeString


def versions_of(message: Message, presenter: Presenter, before: int = 0) -> dict[str, Any]:
    """`versions`, newest first; `total`, how many there are in all; `first`, which of them, counted
    from the oldest, comes first; `older_before`, an id of `MessageHistory` before which there are
    older ones, or 0.
    """
    history = message.history.order_by("-id")
    older = history.filter(pk__lt=before) if before else history
    # Each row holds the text before an edit, so that edit's difference needs the row and the
    # text after it: the row above, or the message itself.
    rows = list(older[: VERSIONS + 1])
    all_here = not before and len(rows) <= VERSIONS
    total = 1 + (len(rows) if all_here else history.count())
    after = _text_after(message, before)
    versions = []
    for row in rows[:VERSIONS]:
        difference = render_difference(row.old_content, after)
        versions.append(_version(row.edited_by_id, row.edited_at, difference, presenter))
        after = row.old_content
    if len(rows) <= VERSIONS:
        written = render_content(after)
        versions.append(
            _version(message.sender_id, message.timestamp, written, presenter, first=True)
        )
    older_before = rows[VERSIONS - 1].pk if len(rows) > VERSIONS else 0
    return {
        "versions": versions,
        "total": total,
        "first": 1 + older.count() if before else total,
        "older_before": older_before,
    }


def _text_after(message: Message, before: int) -> str:
    if before:
        row = message.history.filter(pk=before).first()
        if row is not None:
            return row.old_content
    return message.content


def _version(
    author_pk: int,
    moment: datetime,
    html: SafeString,
    presenter: Presenter,
    *,
    first: bool = False,
) -> Version:
    return Version(
        person=presenter.people[author_pk],
        own=author_pk == presenter.reader_pk,
        first=first,
        when=presenter.clock.version(moment),
        when_machine=presenter.clock.machine(moment),
        html=html,
    )
