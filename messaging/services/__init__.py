"""Every change to the domain: one verb, one transaction (see `transactions` for the locks)."""

from messaging.services.account_deletion import (
    delete_everything_of,
    lock_account,
)
from messaging.services.accounts import open_mailbox, refresh_conversations_of
from messaging.services.batched_deletion import delete_batches, resume_account_deletions
from messaging.services.drafts import DraftConflict, draft_of, save_draft
from messaging.services.message_deletion import delete_message, delete_messages
from messaging.services.read_marks import (
    mark_as_read,
    mark_as_unread,
    mark_notifications_as_read,
    read_notifications_of,
)
from messaging.services.reading_order import set_order
from messaging.services.sending import (
    MessageConflict,
    clean_content,
    edit_message,
    keep_previous_content,
    notify_receiver,
    send_message,
)
from messaging.services.transactions import one_transaction

__all__ = [
    "DraftConflict",
    "MessageConflict",
    "clean_content",
    "delete_batches",
    "delete_everything_of",
    "delete_message",
    "delete_messages",
    "draft_of",
    "edit_message",
    "keep_previous_content",
    "lock_account",
    "mark_as_read",
    "mark_as_unread",
    "mark_notifications_as_read",
    "notify_receiver",
    "one_transaction",
    "open_mailbox",
    "read_notifications_of",
    "refresh_conversations_of",
    "resume_account_deletions",
    "save_draft",
    "send_message",
    "set_order",
]
