"""Querysets: the right rows, in as few statements as possible."""

from __future__ import annotations

from django.contrib.auth.models import User

from benchmarks.techniques.technique import Scene, Technique
from messaging.managers import MessageQuerySet, ParticipantQuerySet
from messaging.models import Conversation, Message, Participant

# --- select_related -------------------------------------------------------------------------------


def naive_senders(messages: MessageQuerySet) -> list[str]:
    return [message.sender.first_name for message in messages.order_by("id")[:100]]


def senders(messages: MessageQuerySet) -> list[str]:
    return [message.sender.first_name for message in messages.for_display()[:100]]


# --- prefetch_related -----------------------------------------------------------------------------


def naive_editors(message: Message) -> list[str]:
    return [version.edited_by.first_name for version in message.history.all()]


def editors(message: Message) -> list[str]:
    history = message.history.prefetch_related("edited_by")
    return [version.edited_by.first_name for version in history]


# --- annotate -------------------------------------------------------------------------------------


def naive_unread_counts(reader: User) -> dict[int, int]:
    counts = {
        conversation.pk: conversation.messages.filter(receiver=reader, read=False).count()
        for conversation in Conversation.objects.visible_to(reader)
    }
    return {pk: count for pk, count in counts.items() if count}


# --- Q --------------------------------------------------------------------------------------------


def naive_after(participants: ParticipantQuerySet, conversation_pk: int) -> ParticipantQuerySet:
    last = participants.get(conversation=conversation_pk)
    return participants.filter(last_activity__lt=last.last_activity)


# --- F --------------------------------------------------------------------------------------------


def naive_next_version(conversation: Conversation) -> int:
    conversation.version += 1
    conversation.save()
    return conversation.version


# --- Custom manager with only ---------------------------------------------------------------------


def naive_unread(reader: User) -> list[tuple[str, str]]:
    """The sender and the text of each unread message."""
    found = Message.objects.filter(receiver=reader, read=False).order_by("-id")
    return [(message.sender.first_name, message.body) for message in found]


def unread(reader: User) -> list[tuple[str, str]]:
    found = Message.unread.unread_for_user(reader)
    return [(message.sender.first_name, message.body) for message in found]


# --- Recursive query ------------------------------------------------------------------------------


def naive_below(message: Message) -> list[int]:
    """The ids of all replies below `message`."""
    found = []
    for reply in message.replies.all():
        found += [reply.pk, *naive_below(reply)]
    return found


def below(message: Message) -> list[int]:
    return [pk for pk, *_columns in Message.objects.tree_below(message.replies.all())]


def _places(scene: Scene) -> ParticipantQuerySet:
    return Participant.objects.filter(user=scene.reader)


TECHNIQUES = (
    Technique(
        "select_related",
        "name the senders of 100 messages",
        lambda scene: naive_senders(scene.conversation.messages.all()),
        lambda scene: senders(scene.conversation.messages.all()),
    ),
    Technique(
        "prefetch_related",
        "name the editors of 12 versions",
        lambda scene: naive_editors(scene.edited),
        lambda scene: editors(scene.edited),
    ),
    Technique(
        "annotate",
        "count the unread messages of 200 conversations",
        lambda scene: naive_unread_counts(scene.reader),
        lambda scene: Message.unread.counts(scene.reader),
    ),
    Technique(
        "Q",
        "read the next 30 conversations of a list",
        lambda scene: list(naive_after(_places(scene), scene.conversation.pk)[:30]),
        lambda scene: list(_places(scene).after(scene.conversation.pk)[:30]),
    ),
    Technique(
        "F",
        "raise the version of a conversation",
        lambda scene: naive_next_version(Conversation.objects.get(pk=scene.conversation.pk)),
        lambda scene: Conversation.objects.next_version(scene.conversation.pk),
    ),
    Technique(
        "Custom manager with only",
        "read 200 unread messages with their senders",
        lambda scene: naive_unread(scene.flooded),
        lambda scene: unread(scene.flooded),
    ),
    Technique(
        "Recursive query",
        "find 500 replies, each below the last",
        lambda scene: naive_below(scene.chain),
        lambda scene: below(scene.chain),
    ),
)
