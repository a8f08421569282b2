"""One view for each interaction: it finds what it is about among what its reader may see, checks
a form, calls one service, and renders a page or a part of it.
"""

from chats.views.changes import changes, conversation_changes, conversation_new
from chats.views.conversations import (
    conversation_detail,
    conversation_messages,
    conversation_order,
    conversation_read,
    conversation_seen,
    conversation_unread,
    message_send,
)
from chats.views.drafts import conversation_draft, message_draft
from chats.views.inbox import home, inbox, inbox_read
from chats.views.live import live
from chats.views.messages import message_delete, message_detail, message_history
from chats.views.new_message import message_new, people
from chats.views.notifications import notifications, notifications_read
from chats.views.printing import conversation_print
from chats.views.read_marks import message_read, message_unread
from chats.views.replies_and_edits import message_edit, message_reply
from chats.views.search import search

__all__ = [
    "changes",
    "conversation_changes",
    "conversation_detail",
    "conversation_draft",
    "conversation_messages",
    "conversation_new",
    "conversation_order",
    "conversation_print",
    "conversation_read",
    "conversation_seen",
    "conversation_unread",
    "home",
    "inbox",
    "inbox_read",
    "live",
    "message_delete",
    "message_detail",
    "message_draft",
    "message_edit",
    "message_history",
    "message_new",
    "message_read",
    "message_reply",
    "message_send",
    "message_unread",
    "notifications",
    "notifications_read",
    "people",
    "search",
]
