"""The versions of an edited message, as its readers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chats.message_view_model import Person
from messaging.rendering import render_content, render_difference

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.utils.safestring import SafeString

    from chats.message_view_model import Presenter
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


@dataclass(slots=True)
class EditHistory:
    """Versions of a message, newest first."""

    versions: list[Version]
    total: int  # how many there are in all
    first: int  # the number of the first of `versions`, counted from the oldest
    older_before: int  # an id of `MessageHistory` before which there are older ones, or 0


def edit_history_of(message: Message, presenter: Presenter, before: int = 0) -> EditHistory:
    """At most `VERSIONS` texts of the message: the newest, or those before the row `before`."""
    history = message.history.order_by("-id")
    older = history.filter(pk__lt=before) if before else history
    # Each row holds the text before an edit, so that edit's difference needs the row and the
    # text after it: the row above, or the message itself.
    # Who edited is read once for all rows, however many people edited (`prefetch_related`).
    rows = list(older.prefetch_related("edited_by")[: VERSIONS + 1])
    all_here = not before and len(rows) <= VERSIONS
    total = 1 + (len(rows) if all_here else history.count())
    after = _text_after(message, before)
    versions = []
    for row in rows[:VERSIONS]:
        difference = render_difference(row.old_content, after)
        versions.append(_version(row.edited_by, row.edited_at, difference, presenter))
        after = row.old_content
    if len(rows) <= VERSIONS:
        written = render_content(after)
        versions.append(_version(message.sender, message.timestamp, written, presenter, first=True))
    older_before = rows[VERSIONS - 1].pk if len(rows) > VERSIONS else 0
    first = 1 + older.count() if before else total
    return EditHistory(versions, total, first, older_before)


def _text_after(message: Message, before: int) -> str:
    if before:
        row = message.history.filter(pk=before).first()
        if row is not None:
            return row.old_content
    return message.content


def _version(
    author: User,
    moment: datetime,
    html: SafeString,
    presenter: Presenter,
    *,
    first: bool = False,
) -> Version:
    return Version(
        person=Person.of(author),
        own=author.pk == presenter.reader_pk,
        first=first,
        when=presenter.clock.version(moment),
        when_machine=presenter.clock.machine(moment),
        html=html,
    )
