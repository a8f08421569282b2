"""Everybody who may come, each with a browser, and something of every kind to ask for."""

from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_tasks_db.models import DBTaskResult, get_date_max

from accounts import mail_notifications
from accounts import services as accounts
from messaging import services
from messaging.models import Message, MessageHistory, Notification
from tests.factories import MessageFactory, UserFactory, reply_to

ABSENT = 987_654_321


@dataclass
class Everybody:
    """`users` and `browsers` by who they are (`rules.ANYBODY`), and `things` by what they are.

    `things` are arguments of addresses: of what `sender` wrote to `receiver`, or of what can be
    used by anybody. `absent` are arguments of the same shape, of what is not there.
    """

    users: dict = field(default_factory=dict)
    browsers: dict = field(default_factory=dict)
    things: dict = field(default_factory=dict)
    absent: dict = field(default_factory=dict)
    message: Message | None = None

    def address(self, name, about, *, absent=False):
        arguments = (self.absent if absent else self.things)[about] if about else ()
        if "/" not in name:
            return reverse(name, args=arguments)
        # Addresses without a name: those that the admin answers with a redirect or a 404.
        path = name.replace("<path:object_id>", "{}").replace("(?P<url>.*)$", "{}")
        return "/" + path.format(*arguments)


def everybody():
    them = Everybody()
    people = ("signed_out", "deactivated", "deleted", "stranger", "sender", "receiver", "staff")
    for who in people:
        them.users[who] = UserFactory(username=who, first_name=who.title().replace("_", " "))
    get_user_model().objects.filter(username="staff").update(is_staff=True)
    them.users["administrator"] = get_user_model().objects.create_superuser("administrator")
    for who, user in them.users.items():
        them.browsers[who] = Client(raise_request_exception=False)
        them.browsers[who].force_login(user)
    them.browsers["anonymous"] = Client(raise_request_exception=False)
    # Whoever signs out, is switched off or goes may still have the cookie.
    kept = them.browsers["signed_out"].cookies["sessionid"].value
    them.browsers["signed_out"].logout()
    them.browsers["signed_out"].cookies["sessionid"] = kept
    get_user_model().objects.filter(username="deactivated").update(is_active=False)
    accounts.delete_account(get_user_model().objects.get(username="deleted"))

    _things(them)
    return them


def _things(them):
    sender, receiver = them.users["sender"], them.users["receiver"]
    message = MessageFactory(sender=sender, receiver=receiver, content="First words")
    message = services.edit_message(
        message=message, editor=sender, content="Private words", text_version=message.text_version
    )
    reply_to(message, "A private answer")
    them.message = message
    invitation, address = accounts.invite()
    uid = user_pk_to_url_str(receiver)
    them.things = {
        "conversation": (message.conversation_id,),
        "message": (message.pk,),
        "messagehistory": (MessageHistory.objects.get().pk,),
        "notification": (Notification.objects.order_by("pk").first().pk,),
        "user": (them.users["stranger"].pk,),
        "invitation_row": (invitation.pk,),
        "invitation": (address.rstrip("/").rpartition("/")[2],),
        # A good key would be kept in the visitor's session, to be gone from the address.
        "reset": (uid, "c1z2x3-" + "a" * 32),
        "administrator_link": ("a" * 40,),
        "mail": (
            mail_notifications.unsubscribe_address(receiver.pk).rstrip("/").rpartition("/")[2],
        ),
        "dbtaskresult": (_task().pk,),
        "content_type": (ContentType.objects.get_for_model(Message).pk, message.pk),
        "app": ("messaging",),
        "nowhere": ("no/such/page",),
    }
    them.absent = dict.fromkeys(them.things, (ABSENT,)) | {
        "invitation": ("b" * 43,),
        "reset": (uid, "c1z2x3-" + "d" * 32),
        "administrator_link": ("b" * 40,),
        "mail": ("b" * 40,),
        "dbtaskresult": (uuid4(),),
        "content_type": (ABSENT, ABSENT),
        "app": ("nosuchapp",),
    }


def _task():
    """Something that waits for a worker."""
    return DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {"account_pk": ABSENT}},
        backend_name="default",
        task_path="messaging.services.batched_deletion.delete_hidden_account",
        queue_name="default",
        run_after=get_date_max(),
    )


def rows(sessions=None):
    """Every row of every table, by name of the model. Of sessions, those of `sessions`, if given:
    a visitor who has none yet may be given one.
    """
    found = {}
    for model in apps.get_models():
        all_of_it = model._base_manager.order_by("pk")
        if model is Session and sessions is not None:
            all_of_it = all_of_it.filter(pk__in=sessions)
        found[model._meta.label] = list(all_of_it.values())
    return found


def session_keys():
    return set(Session.objects.values_list("pk", flat=True))


def routes():
    """The pattern of each address in the URLconf by its name, or by itself where it has none."""
    return {name: pattern for name, (pattern, _whole) in _walked().items()}


def whole_patterns():
    """Each pattern of the URLconf from its beginning, as text."""
    return sorted({whole for _pattern, whole in _walked().values()})


def _walked():
    found = {}

    def walk(resolver, namespace, before):
        for pattern in resolver.url_patterns:
            whole = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{pattern.namespace}:" if pattern.namespace else ""
                walk(pattern, namespace + inner, whole)
            elif isinstance(pattern, URLPattern):
                name = f"{namespace}{pattern.name}" if pattern.name else whole
                found[name] = (pattern, whole)

    walk(get_resolver(), "", "")
    return found


numbers = count(1)


def sent(them):
    """Everything that any form of ours sends, filled in with sense."""
    return {
        "content": f"Some text that was typed, {next(numbers)}",
        "client_key": f"00000000-0000-4000-8000-{next(numbers):012}",
        "text_version": them.message.text_version or 0,
        "to": them.message.receiver_id,
        "q": "str",
        "up_to": 2**63 - 1,
        "seen": [them.message.pk],
        "section": "profile",
        "profile-first_name": "Another Name",
    }
