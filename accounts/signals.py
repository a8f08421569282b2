"""What follows when somebody goes, changes their password, becomes an administrator, or is written
to while they are away.
"""

from allauth.account.signals import password_changed
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from accounts import mail_notifications, services
from messaging.models import Message

User = get_user_model()


# Before the row goes: afterwards nothing tells which sessions were theirs. Every way of deleting
# passes here, also a queryset's and the admin's, which collect the rows and send this signal.
@receiver(pre_delete, sender=User, dispatch_uid="accounts.forget_account")
def forget_account(sender, instance, **kwargs):
    services.forget_account(instance)


@receiver(post_save, sender=User, dispatch_uid="accounts.close_administrator_link")
def close_administrator_link(sender, instance, raw, update_fields, **kwargs):
    changed = update_fields is None or "is_superuser" in update_fields
    if changed and instance.is_superuser and not raw:
        services.close_administrator_link()


# Django lets no session outlive its password; ending them also removes their rows, so that the
# account page counts right. (After a reset allauth's sign-in does that.)
@receiver(password_changed, dispatch_uid="accounts.end_other_sessions")
def end_other_sessions(sender, request, user, **kwargs):
    services.end_sessions(user.pk, keep=request.session.session_key)


@receiver(post_save, sender=Message, dispatch_uid="accounts.tell_receiver_by_mail")
def tell_receiver_by_mail(sender, instance, created, raw, **kwargs):
    if (
        created
        and not raw
        and not instance.read
        and mail_notifications.wants_mail(instance.receiver)
    ):
        mail_notifications.ask_for_mail(instance)
