"""Receivers: which service follows which event. A receiver decides whether, a service does it.

`bulk_create()` and `update()` send no signals: services that use them do all of this themselves.
`messaging.events` has the signals that this app sends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User as UserModel
from django.db.models.signals import post_delete, post_migrate, post_save, pre_delete, pre_save
from django.dispatch import receiver

from messaging import search, services
from messaging.events import account_deleted
from messaging.folded_names import fold_missing, fold_names
from messaging.models import Message

User = get_user_model()


@receiver(pre_save, sender=Message, dispatch_uid="messaging.log_message_edit")
def log_message_edit(
    sender: type[Message],
    instance: Message,
    raw: bool,
    update_fields: Collection[str] | None,
    **kwargs: Any,
) -> None:
    exists = not instance._state.adding
    if exists and not raw and (update_fields is None or "content" in update_fields):
        services.keep_previous_content(instance)


@receiver(post_save, sender=Message, dispatch_uid="messaging.create_message_notification")
def create_message_notification(
    sender: type[Message], instance: Message, created: bool, raw: bool, **kwargs: Any
) -> None:
    if created and not raw:  # loaddata brings its own notifications
        services.notify_receiver(instance)


@receiver(post_save, sender=Message, dispatch_uid="messaging.read_notification_with_message")
def read_notification_with_message(
    sender: type[Message],
    instance: Message,
    created: bool,
    raw: bool,
    update_fields: Collection[str] | None,
    **kwargs: Any,
) -> None:
    if not created and not raw and (update_fields is None or "read" in update_fields):
        services.read_notifications_of(instance)


@receiver(post_save, sender=User, dispatch_uid="messaging.open_mailbox")
def open_mailbox(
    sender: type[UserModel], instance: UserModel, created: bool, raw: bool, **kwargs: Any
) -> None:
    if created and not raw:
        services.open_mailbox(instance)


@receiver(post_save, sender=User, dispatch_uid="messaging.refresh_conversations_of")
def refresh_conversations_of(
    sender: type[UserModel],
    instance: UserModel,
    created: bool,
    raw: bool,
    update_fields: Collection[str] | None,
    **kwargs: Any,
) -> None:
    # Django saves last_login alone at every sign-in, and no page shows it.
    shown = {"first_name", "username"}
    if not created and not raw and (update_fields is None or shown & set(update_fields)):
        services.refresh_conversations_of(instance.pk)


@receiver(post_save, sender=User, dispatch_uid="messaging.fold_names_of")
def fold_names_of(
    sender: type[UserModel],
    instance: UserModel,
    raw: bool,
    update_fields: Collection[str] | None,
    **kwargs: Any,
) -> None:
    named = {"first_name", "username"}
    if not raw and (update_fields is None or named & set(update_fields)):
        fold_names([instance])


@receiver(pre_delete, sender=User, dispatch_uid="messaging.lock_account")
def lock_account(sender: type[UserModel], instance: UserModel, **kwargs: Any) -> None:
    # A sender who is about to write to this person waits, and then finds the account deleted.
    services.lock_account(instance.pk)


@receiver(post_delete, sender=User, dispatch_uid="messaging.cleanup_user_data")
def cleanup_user_data(sender: type[UserModel], instance: UserModel, **kwargs: Any) -> None:
    # Foreign keys to User are DO_NOTHING and deferred: a row that is forgotten here fails at commit.
    services.delete_everything_of(instance.pk)
    account_deleted.send(sender=sender, user_pk=instance.pk)


@receiver(post_migrate, dispatch_uid="messaging.keep_search_index")
def keep_search_index(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == Message._meta.app_label:
        search.keep_index(using)


@receiver(post_migrate, dispatch_uid="messaging.keep_folded_names")
def keep_folded_names(sender: Any, using: str, **kwargs: Any) -> None:
    if sender.label == Message._meta.app_label and search.is_migrated(using):
        fold_missing(using)


@contextmanager
def receivers_off(*receivers: Callable[..., None]) -> Iterator[None]:
    """Save messages and people without what follows, in a test or a bulk load.

    `receivers` are functions of this module; without any, all of them are off. They are on again
    afterwards, also after an error. They are off for the whole process: use this in tests and in
    commands with one process, never in a server.
    """
    connected: tuple[tuple[Any, Any, Callable[..., None]], ...] = (
        (pre_save, Message, log_message_edit),
        (post_save, Message, create_message_notification),
        (post_save, Message, read_notification_with_message),
        (post_save, User, open_mailbox),
        (post_save, User, refresh_conversations_of),
        (post_save, User, fold_names_of),
        (pre_delete, User, lock_account),
        (post_delete, User, cleanup_user_data),
    )
    off = [
        (signal, sender, function)
        for signal, sender, function in connected
        if (not receivers or function in receivers)
        # False if an outer block has switched the receiver off: that block switches it on again.
        and signal.disconnect(sender=sender, dispatch_uid=f"messaging.{function.__name__}")
    ]
    try:
        yield
    finally:
        for signal, sender, function in off:
            signal.connect(function, sender=sender, dispatch_uid=f"messaging.{function.__name__}")
