"""Drafts: texts that are kept while they are written, and taken along when they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db.models.functions import Coalesce
from django.utils import timezone

from common.compiled_queries import CompiledQuery
from messaging.mailboxes import Mailbox
from messaging.models import Conversation, Draft, Message
from messaging.services.sending import clean_content
from messaging.services.transactions import lock, one_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOWN = 80  # characters of a draft that the list of conversations shows at most


class DraftConflict(Exception):
    """The draft was changed in another window."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(f"Draft {draft.pk} has another version.")
        self.draft = draft


def draft_of(author: User, conversation_pk: int, message_pk: int | None = None) -> Draft | None:
    """What `author` is writing in this conversation, or as a reply to the message `message_pk`."""
    return _DRAFT.first(author.pk, conversation_pk, message_pk or 0)


# Asked by each page with a text box. The draft of the conversation itself answers the message 0.
_DRAFT: CompiledQuery[Draft] = CompiledQuery(
    lambda author, conversation, message: Draft.objects.annotate(
        answers=Coalesce("message", 0)
    ).filter(author=author, conversation=conversation, answers=message)
)


@one_transaction
def save_draft(
    *,
    author: User,
    conversation: Conversation,
    content: str,
    message: Message | None = None,
    version: UUID | None = None,
    client_key: UUID | None = None,
) -> UUID | None:
    """Keep `content` as what `author` is writing. Returns its new version; None if nothing is kept.

    `version` is the one that the window has shown, or None if it has shown none. An empty text
    deletes the draft. Nothing is kept of a text that was sent meanwhile under `client_key`.

    Raises:
        DraftConflict: another window has saved another version.
        ValidationError: the text is too long, or has a character that cannot be kept.
    """
    content = content.replace("\r\n", "\n")
    if content.strip():
        clean_content(content)  # what could not be sent is not kept either
    # Two windows of one person save one after the other.
    lock(Mailbox.objects.filter(pk=author.pk))
    if client_key is not None and Message.objects.sent_as(author, client_key) is not None:
        return None
    draft = draft_of(author, conversation.pk, message.pk if message else None)
    if draft is not None and draft.version != version and draft.content != content:
        raise DraftConflict(draft)
    shown = draft.content[:SHOWN] if draft else ""
    if not content.strip():
        if draft is not None:
            draft.delete()
            Mailbox.objects.raise_versions([author.pk])
        return None
    if draft is None:
        draft = Draft(author=author, conversation=conversation, message=message)
    draft.content, draft.version, draft.changed_at = content, uuid4(), timezone.now()
    draft.save()
    if shown != content[:SHOWN]:
        Mailbox.objects.raise_versions([author.pk])
    return draft.version
