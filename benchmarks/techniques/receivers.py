"""Signals: what happens when a row is saved or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import Signal

from benchmarks.techniques.technique import Scene, Technique
from messaging import services, signals
from messaging.folded_names import FoldedNames
from messaging.mailboxes import Mailbox
from messaging.managers import MessageQuerySet
from messaging.models import (
    Conversation,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.signals import receivers_off


@contextmanager
def instead_of(
    ours: Callable[..., None],
    signal: Signal,
    sender: type[models.Model],
    naive: Callable[..., None],
) -> Iterator[None]:
    """`naive` receives the signal in place of `ours`."""
    with receivers_off(ours):
        signal.connect(naive, sender=sender)
        try:
            yield
        finally:
            signal.disconnect(naive, sender=sender)


# --- post_save ------------------------------------------------------------------------------------


def naive_notify(instance: Message, **kwargs: Any) -> None:
    Notification.objects.create(user=instance.receiver, message=instance)


def naive_notifications() -> AbstractContextManager[None]:
    return instead_of(signals.create_message_notification, post_save, Message, naive_notify)


# --- pre_save -------------------------------------------------------------------------------------


def naive_log_edit(instance: Message, **kwargs: Any) -> None:
    if instance.pk:
        stored = Message.objects.get(pk=instance.pk)
        if stored.content != instance.content:
            MessageHistory.objects.create(
                message=instance, old_content=stored.content, edited_by=instance.sender
            )
            instance.edited = True


def naive_histories() -> AbstractContextManager[None]:
    return instead_of(signals.log_message_edit, pre_save, Message, naive_log_edit)


def save_read_mark(message: Message) -> None:
    message.read = True
    message.save(update_fields=["read"])


# --- post_delete ----------------------------------------------------------------------------------


def naive_clean_up(instance: User, **kwargs: Any) -> None:
    # Newest first: nothing hangs below a message that is deleted.
    messages = Message.objects.filter(Q(sender=instance.pk) | Q(receiver=instance.pk))
    for message in messages.order_by("-pk"):
        message.delete()
    for conversation in Conversation.objects.filter(participants__user=instance.pk):
        Participant.objects.filter(conversation=conversation).delete()
        conversation.delete()
    Mailbox.objects.filter(pk=instance.pk).delete()
    FoldedNames.objects.filter(pk=instance.pk).delete()


def naive_deletions() -> AbstractContextManager[None]:
    return instead_of(signals.cleanup_user_data, post_delete, get_user_model(), naive_clean_up)


# --- Lean receivers and services ------------------------------------------------------------------


def naive_mark_as_read(reader: User, messages: MessageQuerySet) -> None:
    """One save for each message, because the rule about notifications is in a receiver."""
    for message in messages.filter(receiver=reader, read=False):
        save_read_mark(message)


def naive_update(reader: User, messages: MessageQuerySet) -> None:
    """One statement, and no signal: the notifications never hear of it."""
    messages.filter(receiver=reader, read=False).update(read=True)


# --- Receivers off in tests -----------------------------------------------------------------------


def naive_receivers_off() -> bool:
    """Whether the receiver is off. It is not: it was connected under its `dispatch_uid`."""
    return post_save.disconnect(signals.create_message_notification, sender=Message)


# --- What is measured -----------------------------------------------------------------------------


def _send_with_naive_receiver(scene: Scene) -> None:
    with naive_notifications():
        scene.send_message()


def _save_with_naive_receiver(scene: Scene) -> None:
    with naive_histories():
        save_read_mark(scene.edited)


def _delete_with_naive_receiver(scene: Scene) -> None:
    with naive_deletions():
        scene.flooder.delete()


def _twenty_messages(scene: Scene) -> None:
    for number in range(20):
        Message.objects.create(sender=scene.writer, receiver=scene.reader, content=f"{number}")


def _naive_twenty_messages(scene: Scene) -> None:
    naive_receivers_off()
    _twenty_messages(scene)


def _twenty_messages_alone(scene: Scene) -> None:
    with receivers_off():
        _twenty_messages(scene)


TECHNIQUES = (
    Technique("post_save", "send a message", _send_with_naive_receiver, Scene.send_message),
    Technique(
        "pre_save",
        "save a read mark",
        _save_with_naive_receiver,
        lambda scene: save_read_mark(scene.edited),
    ),
    Technique(
        "post_delete",
        "delete an account with 100 messages",
        _delete_with_naive_receiver,
        lambda scene: scene.flooder.delete(),
    ),
    Technique(
        "Lean receivers and services",
        "mark 200 messages as read",
        lambda scene: naive_mark_as_read(scene.flooded, Message.objects.all()),
        lambda scene: services.mark_as_read(reader=scene.flooded, messages=Message.objects.all()),
    ),
    Technique(
        "Receivers off in tests",
        "make 20 messages for a test",
        _naive_twenty_messages,
        _twenty_messages_alone,
    ),
)
