"""Mail about new messages. It says who wrote and where to read it, and never what they wrote.

There is one mail for a conversation. The next one follows only after the reader has read the
messages that the last one was about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_tasks import task

from accounts.adapter import MailNotSent
from accounts.models import Preferences
from messaging.models import Conversation, Message, Participant
from messaging.people import display_name

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

# How long a message may stay unread before there is mail about it, by the reader's preference.
DELAYS: dict[str, timedelta] = {
    Preferences.Mail.AT_ONCE: timedelta(0),
    Preferences.Mail.LATER: timedelta(minutes=15),
}

# Links in old mails are signed with this salt.
_signer = Signer(salt="accounts.notices.unsubscribe")


# Requesting a mail ----------------------------------------------------------------------------


def wants_mail(user: User) -> bool:
    """Whether `user` gets mail: there is a mail server, and the user has an address and wants it."""
    return bool(settings.EMAIL_URL and user.email and Preferences.objects.of(user).mail)


def request_mail(message: Message) -> None:
    """Enqueue a mail to the receiver of `message`, unless one waits already.

    It belongs into the transaction of the message. `signals.notify_receiver_by_mail` calls it.
    """
    participant = _participant(message.receiver_id, message.conversation_id)
    # The condition is part of the UPDATE: of two simultaneous messages only one enqueues a mail.
    if not participant.filter(mail_pending=False).update(mail_pending=True):
        return
    delay = DELAYS[Preferences.objects.of(message.receiver).mail]
    send_mail_notification.using(run_after=timezone.now() + delay).enqueue(
        user_pk=message.receiver_id, conversation_pk=message.conversation_id
    )


def _participant(user_pk: int, conversation_pk: int) -> QuerySet[Participant]:
    return Participant.objects.filter(user=user_pk, conversation=conversation_pk)


# Sending it -----------------------------------------------------------------------------------


@dataclass(slots=True)
class MailNotification:
    """What one mail is about."""

    reader: User
    conversation: Conversation
    author: User
    unread: int  # messages that the reader has not read
    newest: int  # the id of the last of them


# `task_queue` finds the tasks of a deleted account by the name `user_pk`.
@task()
def send_mail_notification(user_pk: int, conversation_pk: int) -> bool:
    """Send the mail, if there still is something to say. True if a mail was sent.

    A second run sends nothing again. But if the process dies after the mail server has taken the
    mail and before this is saved, the mail is sent twice, with the same Message-ID. The alternative
    would be a mail that is never sent.

    Raises:
        MailNotSent: the mail server did not take the mail.
    """
    participant = _participant(user_pk, conversation_pk)
    # From here on a new message requests its own mail: it may be too late for this one.
    participant.update(mail_pending=False)
    notification = pending_notification(user_pk, conversation_pk)
    if notification is None:
        return False
    try:
        build_mail(notification).send()
    except (OSError, ValueError) as error:
        # Without the server's own text, which repeats the address: the task stores this error.
        raise MailNotSent(type(error).__name__) from None
    participant.filter(mailed_up_to__lt=notification.newest).update(
        mailed_up_to=notification.newest
    )
    return True


def pending_notification(user_pk: int, conversation_pk: int) -> MailNotification | None:
    """What a mail to this person about this conversation would say now; None if nothing."""
    participant = _participant(user_pk, conversation_pk).first()
    active = get_user_model()._default_manager.filter(pk=user_pk, is_active=True)
    reader = active.select_related("preferences").first()
    if participant is None or reader is None or not wants_mail(reader):
        return None
    unread = Message.unread.in_conversation(conversation_pk, reader)
    pks = list(unread.order_by("pk").values_list("pk", flat=True))
    # While a message of the last mail is unread, the reader knows that there are messages.
    if not pks or pks[0] <= participant.mailed_up_to:
        return None
    conversation = Conversation.objects.get(pk=conversation_pk)
    author = conversation.people[conversation.other_pk(user_pk)]
    return MailNotification(reader, conversation, author, len(pks), pks[-1])


def build_mail(notification: MailNotification) -> EmailMultiAlternatives:
    """The mail, as plain text and as HTML, in the language of its reader."""
    with translation.override(_language_of(notification.reader)):
        return _build_mail(notification)


def _language_of(reader: User) -> str:
    # There is no browser here that could ask for a language.
    chosen = Preferences.objects.of(reader).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _build_mail(notification: MailNotification) -> EmailMultiAlternatives:
    name = display_name(notification.author)
    path = reverse("chats:conversation_detail", args=[notification.conversation.pk])
    unsubscribe = unsubscribe_address(notification.reader.pk)
    context = MailContext(
        name=name,
        reader_name=display_name(notification.reader),
        count=notification.unread,
        address=settings.SITE_URL + path,
        unsubscribe=unsubscribe,
        account_address=settings.SITE_URL + reverse("accounts:account"),
        site_name=settings.SITE_NAME,
    )
    # People choose their names. A name with a line break could begin a header: Django refuses it.
    subject = " ".join((_("%(name)s wrote to you") % {"name": name}).split())
    host = urlsplit(settings.SITE_URL).hostname
    mail = EmailMultiAlternatives(
        subject=f"[{settings.SITE_NAME}] {subject}",
        body=render_to_string("accounts/mail/notice.txt", vars(context)),
        to=[notification.reader.email],
        headers={
            "Message-ID": f"<notice-{notification.reader.pk}-{notification.newest}@{host}>",
            # One click in the mail program, without a page (RFC 8058).
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            # No out-of-office replies to this (RFC 3834).
            "Auto-Submitted": "auto-generated",
        },
    )
    html = render_to_string("accounts/mail/notice.html", vars(context))
    mail.attach_alternative(html, "text/html")
    return mail


@dataclass
class MailContext:
    """What the templates in `accounts/mail/` show. Addresses begin with SITE_URL."""

    name: str  # of the author
    reader_name: str
    count: int  # of unread messages
    address: str  # of the conversation
    unsubscribe: str
    account_address: str
    site_name: str


# Unsubscribing --------------------------------------------------------------------------------


def unsubscribe_address(user_pk: int) -> str:
    """The address where this person stops these mails without signing in.

    It is good for nothing else. It never expires, because people look for it in old mails.
    """
    token = _signer.sign(str(user_pk))
    return settings.SITE_URL + reverse("accounts:unsubscribe", args=[token])


def subscriber(token: str) -> User | None:
    """The person whose mails the address with `token` stops.

    None if the signature is wrong, or the account was deleted or deactivated.
    """
    try:
        pk = int(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    return get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
