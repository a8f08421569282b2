"""Every address of chats/urls.py, and how to ask for it."""

from uuid import uuid4

from django.urls import reverse

ALONE = ("home", "inbox", "changes", "notifications", "message_new", "people", "search")
ALONE_POSTED = ("inbox_read", "notifications_read", "message_new")
OF_CONVERSATION = (
    "conversation_unread",
    "conversation_detail",
    "conversation_messages",
    "conversation_changes",
    "conversation_new",
    "conversation_print",
)
OF_CONVERSATION_POSTED = (
    "message_send",
    "conversation_draft",
    "conversation_order",
    "conversation_read",
    "conversation_seen",
)
OF_MESSAGE = (
    "message_detail",
    "message_reply",
    "message_edit",
    "message_delete",
    "message_history",
)
OF_MESSAGE_POSTED = (
    "message_draft",
    "message_reply",
    "message_edit",
    "message_delete",
    "message_read",
    "message_unread",
)

SHOWN = ALONE + OF_CONVERSATION + OF_MESSAGE
POSTED = ALONE_POSTED + OF_CONVERSATION_POSTED + OF_MESSAGE_POSTED


def address(name, message):
    """The address called `name` that is about `message` or its conversation."""
    if name in OF_CONVERSATION + OF_CONVERSATION_POSTED:
        return url_of(name, message.conversation_id)
    if name in OF_MESSAGE + OF_MESSAGE_POSTED:
        return url_of(name, message.pk)
    return url_of(name)


def url_of(name, *pk):
    return reverse(f"chats:{name}", args=pk)


def filled_in(message, **values):
    """Everything any form of ours sends, as somebody would who means `message`."""
    return {
        "content": "Some text that was typed",
        "client_key": str(uuid4()),
        "text_version": message.text_version or 0,
        "to": message.sender_id,
        "q": "stra",
        "up_to": 2**63 - 1,
        "seen": [message.pk],
    } | values
