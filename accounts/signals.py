"""Receivers: which service follows which event. A receiver decides whether, a service does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.signals import password_changed
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from accounts import mail_notifications, services
from messaging.models import Message

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest


# Before the row is deleted, because afterwards nobody can find the sessions of the account. Every
# way of deleting sends this signal: also a queryset and the admin, which collect the rows first.
@receiver(pre_delete, sender=get_user_model(), dispatch_uid="accounts.delete_account_data")
def delete_account_data(sender: type[User], instance: User, **kwargs: Any) -> None:
    services.delete_account_data(instance)


@receiver(post_save, sender=get_user_model(), dispatch_uid="accounts.close_administrator_link")
def close_administrator_link(
    sender: type[User],
    instance: User,
    raw: bool,
    update_fields: frozenset[str] | None,
    **kwargs: Any,
) -> None:
    changed = update_fields is None or "is_superuser" in update_fields
    if changed and instance.is_superuser and not raw:
        services.close_administrator_link()


# Django ends the sessions of an old password by itself. Here their rows are deleted too, so that
# the account page counts correctly. (After a reset, the sign-in of allauth deletes them.)
@receiver(password_changed, dispatch_uid="accounts.end_other_sessions")
def end_other_sessions(sender: type[User], request: HttpRequest, user: User, **kwargs: Any) -> None:
    services.end_sessions(user.pk, keep=request.session.session_key)


@receiver(post_save, sender=Message, dispatch_uid="accounts.notify_receiver_by_mail")
def notify_receiver_by_mail(
    sender: type[Message], instance: Message, created: bool, raw: bool, **kwargs: Any
) -> None:
    if (
        created
        and not raw
        and not instance.read
        and mail_notifications.wants_mail(instance.receiver)
    ):
        mail_notifications.request_mail(instance)
