"""Threads larger than anybody would write one by one."""

from uuid import uuid4

from django.db.models import F

from messaging.models import Conversation, Message, Notification
from messaging.rendering import HTML_VERSION


def replies_to(parent, number, *, unread=False):
    """The ids of `number` direct replies to `parent`, all by the person who received it."""
    made = Message.objects.bulk_create(
        Message(
            sender_id=parent.receiver_id,
            receiver_id=parent.sender_id,
            content=f"Reply {place}",
            content_html=f"Reply {place}",
            html_version=HTML_VERSION,
            read=not unread,
            parent_message_id=parent.pk,
            thread_id=parent.root_pk,
            conversation_id=parent.conversation_id,
            client_key=uuid4(),
            changed_in=parent.changed_in,
        )
        for place in range(number)
    )
    if unread:
        Notification.objects.bulk_create(
            Notification(user_id=reply.receiver_id, message=reply, kind="reply") for reply in made
        )
    Conversation.objects.filter(pk=parent.conversation_id).update(last_message=made[-1])
    Message.objects.filter(pk=parent.root_pk).update(newest_reply=made[-1].pk)
    return [reply.pk for reply in made]


def chain_below(parent, length, *, unread=False):
    """The ids of `length` replies, each answering the one before, the first answering `parent`."""
    pks = replies_to(parent, length, unread=unread)
    assert pks == list(range(pks[0], pks[0] + length))  # nobody else writes meanwhile
    Message.objects.filter(pk__gt=pks[0], pk__lte=pks[-1]).update(parent_message=F("pk") - 1)
    return pks


def top_level_messages(conversation, sender, number, **fields):
    """The ids of `number` messages that begin threads. `fields` give each its own values."""
    made = Message.objects.bulk_create(
        Message(
            sender=sender,
            receiver_id=conversation.other_pk(sender.pk),
            content=f"Message {place}",
            content_html=f"Message {place}",
            html_version=HTML_VERSION,
            conversation=conversation,
            client_key=uuid4(),
            changed_in=conversation.version,
            **{name: values[place] for name, values in fields.items()},
        )
        for place in range(number)
    )
    Notification.objects.bulk_create(
        Notification(user_id=message.receiver_id, message=message, read=message.read)
        for message in made
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message=made[-1])
    return [message.pk for message in made]
