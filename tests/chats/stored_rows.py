"""Everything the domain has stored or left for later, to compare before and after."""

from django_tasks_db.models import DBTaskResult

from messaging.deleted_accounts import DeletedAccount, DeletedConversation
from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)

TABLES = (
    Conversation,
    Participant,
    Message,
    MessageHistory,
    Notification,
    Mailbox,
    DeletedAccount,
    DeletedConversation,
    DBTaskResult,
)


def everything():
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}
