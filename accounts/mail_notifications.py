"""Mail that tells of messages: who wrote and where to read it, never what they wrote.

One mail for a conversation: after it there is no other until its reader has read what it told of.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
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

# How long a message may wait to be read before a mail tells of it, by the reader's choice.
DELAYS: dict[str, timedelta] = {
    Preferences.Mail.AT_ONCE: timedelta(0),
    Preferences.Mail.LATER: timedelta(minutes=15),
}

_signer = Signer(salt="accounts.notices.unsubscribe")


# Asking for a mail ----------------------------------------------------------------------------


def wants_mail(user: User) -> bool:
    """Whether `user` is told of messages by mail: the choice, an address, and a mail server."""
    return bool(settings.EMAIL_URL and user.email and Preferences.objects.of(user).mail)


def ask_for_mail(message: Message) -> None:
    """Let the receiver of `message` be told of it by mail, unless a mail is on its way.

    For the transaction of the message. Called by `signals.tell_receiver_by_mail`.
    """
    place = _place_of(message.receiver_id, message.conversation_id)
    # The condition is part of the change: of two senders one asks.
    if not place.filter(mail_pending=False).update(mail_pending=True):
        return
    delay = DELAYS[Preferences.objects.of(message.receiver).mail]
    send_mail_notification.using(run_after=timezone.now() + delay).enqueue(
        user_pk=message.receiver_id, conversation_pk=message.conversation_id
    )


def _place_of(user_pk: int, conversation_pk: int):
    return Participant.objects.filter(user=user_pk, conversation=conversation_pk)


# Sending it -----------------------------------------------------------------------------------


class Notice(NamedTuple):
    """What a mail tells."""

    reader: User
    conversation: Conversation
    author: User
    unread: int  # messages that have not been read
    newest: int  # the id of the last of them


def what_to_tell(user_pk: int, conversation_pk: int) -> Notice | None:
    """What there is to tell this person of this conversation now; None if there is nothing."""
    place = _place_of(user_pk, conversation_pk).first()
    reader = (
        get_user_model()
        ._default_manager.filter(pk=user_pk, is_active=True)
        .select_related("preferences")
        .first()
    )
    if place is None or reader is None or not wants_mail(reader):
        return None
    unread = Message.unread.in_conversation(conversation_pk, reader)
    pks = list(unread.order_by("pk").values_list("pk", flat=True))
    # What an earlier mail told of is still unread: they know.
    if not pks or pks[0] <= place.mailed_up_to:
        return None
    conversation = Conversation.objects.get(pk=conversation_pk)
    author = conversation.people[conversation.other_pk(user_pk)]
    return Notice(reader, conversation, author, len(pks), pks[-1])


@task()
def send_mail_notification(user_pk: int, conversation_pk: int) -> None:
    """Run `send_notice` in a worker.

    `task_queue` finds the tasks of a deleted account by the name `user_pk`.
    """
    send_notice(user_pk, conversation_pk)


def send_notice(user_pk: int, conversation_pk: int) -> bool:
    """Tell this person by mail, if there still is something to tell. True if a mail went out.

    Running it again sends nothing again. If this process dies between the mail server's answer
    and our note of it, the mail goes out a second time, with the same Message-ID: better twice
    than never.

    Raises:
        MailNotSent: the mail server did not take it.
    """
    place = _place_of(user_pk, conversation_pk)
    # From here on a new message asks for a mail of its own: it may come too late for this one.
    place.update(mail_pending=False)
    notice = what_to_tell(user_pk, conversation_pk)
    if notice is None:
        return False
    try:
        mail_of(notice).send()
    except (OSError, ValueError) as error:
        # Not the server's own words: they repeat the address, and are kept with the task.
        raise MailNotSent(type(error).__name__) from None
    place.filter(mailed_up_to__lt=notice.newest).update(mailed_up_to=notice.newest)
    return True


def mail_of(notice: Notice) -> EmailMultiAlternatives:
    """The mail, as plain text and as HTML, in its reader's language."""
    with translation.override(_language_of(notice.reader)):
        return _written(notice)


def _language_of(reader: User) -> str:
    # No browser says here which one it would like.
    chosen = Preferences.objects.of(reader).language
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _written(notice: Notice) -> EmailMultiAlternatives:
    name = display_name(notice.author)
    where = reverse("chats:conversation_detail", args=[notice.conversation.pk])
    context = {
        "name": name,
        "reader_name": display_name(notice.reader),
        "count": notice.unread,
        "address": settings.SITE_URL + where,
        "unsubscribe": unsubscribe_address(notice.reader.pk),
        "account_address": settings.SITE_URL + reverse("accounts:account"),
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
    }
    # Names are people's own: a line break in one would be refused, as it could begin a header.
    subject = " ".join((_("%(name)s wrote to you") % {"name": name}).split())
    host = urlsplit(settings.SITE_URL).hostname
    mail = EmailMultiAlternatives(
        subject=f"[{settings.SITE_NAME}] {subject}",
        body=render_to_string("accounts/mail/notice.txt", context),
        to=[notice.reader.email],
        headers={
            "Message-ID": f"<notice-{notice.reader.pk}-{notice.newest}@{host}>",
            # One click in the mail program, without a page (RFC 8058).
            "List-Unsubscribe": f"<{context['unsubscribe']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            # No holiday answers to this (RFC 3834).
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("accounts/mail/notice.html", context), "text/html")
    return mail


# No more of it --------------------------------------------------------------------------------


def unsubscribe_address(user_pk: int) -> str:
    """Where a person stops these mails without signing in. It does nothing else, and never ends:
    people look for it in old mails.
    """
    token = _signer.sign(str(user_pk))
    return settings.SITE_URL + reverse("accounts:unsubscribe", args=[token])


def subscriber(token: str) -> User | None:
    """Whose mails the address with `token` stops; None if it is none of ours, or they are gone."""
    try:
        pk = int(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    return get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
