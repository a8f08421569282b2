"""Everything the domain has stored, to compare before and after."""

from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)

TABLES = (Conversation, Participant, Message, MessageHistory, Notification, Mailbox)


def everything():
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}
