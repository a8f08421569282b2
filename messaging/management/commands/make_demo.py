"""`manage.py make_demo`: fills the database with people and messages, for a first look."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from messaging import services
from messaging.demo_content import CONVERSATIONS, MAIN_PERSON, PEOPLE, DemoMessage
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant

# The namespace of the client keys: the demo recognises its messages by their keys.
NAMESPACE = UUID("7c0b5a52-0f2e-5d0c-8d0a-53b9a1f4e6d7")
READ_AFTER = timedelta(minutes=4)
# Without letters and digits that look alike.
EASY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Send(NamedTuple):
    """The sending of one message of the demo."""

    key: UUID
    message: DemoMessage
    receiver: str
    parent: UUID | None


class Command(BaseCommand):
    help = (
        "Makes eight people who write to each other, with threads, edits and unread messages. "
        "Prints one password for all of them, a new one in every run. A second run adds nothing."
    )

    @transaction.atomic
    def handle(self, *, verbosity: int, **options: Any) -> None:
        sends = sorted(_sends(), key=lambda send: send.message.age, reverse=True)
        people = _people_of_earlier_run(sends)
        if people:
            summary = "The demo exists already. Its people have a new password."
        else:
            people = _make_people()
            _Demo(people, sends).make()
            summary = f"The demo is ready: {len(PEOPLE)} people and {len(sends)} messages."
        password = _new_password()
        for person in people.values():
            person.set_password(password)
            person.save(update_fields=["password"])
        if verbosity:
            self._print(summary, people, password)

    def _print(self, summary: str, people: dict[str, User], password: str) -> None:
        names = [name for name in PEOPLE if name in people]
        self.stdout.write(summary)
        for name in names:
            self.stdout.write(f"  {name:<8} {people[name].first_name}")
        first = MAIN_PERSON if MAIN_PERSON in names else names[0]
        self.stdout.write(f"Sign in as {first}, or as any of them, with the password {password}")


def _people_of_earlier_run(sends: list[Send]) -> dict[str, User]:
    """The people of an earlier run, by user name: those who sent messages of the demo.

    Another person who has the same user name must never get the password that is printed.

    Raises:
        CommandError: another person has a user name of the demo, and there was no earlier run.
    """
    senders = get_user_model().objects.filter(
        sent_messages__client_key__in=[send.key for send in sends], username__in=PEOPLE
    )
    found = {person.username: person for person in senders.distinct()}
    other = get_user_model().objects.filter(username__in=PEOPLE).first()
    if other and not found:
        raise CommandError(
            f"An account named {other.username} exists already, and nothing was made. "
            "The demo needs a database of its own."
        )
    return found


def _sends() -> Iterator[Send]:
    for conversation in CONVERSATIONS:
        one, other = conversation.people
        receivers = {one: other, other: one}
        # The path of a message through the tree names it: "0.2" is the third reply to the first.
        waiting: list[tuple[str, DemoMessage, UUID | None]] = [
            (str(number), message, None) for number, message in enumerate(conversation.messages)
        ]
        while waiting:
            path, message, parent = waiting.pop()
            key = uuid5(NAMESPACE, "/".join((*conversation.people, path)))
            yield Send(key, message, receivers[message.sender], parent)
            waiting += [
                (f"{path}.{number}", reply, key) for number, reply in enumerate(message.replies)
            ]


def _make_people() -> dict[str, User]:
    return {
        username: get_user_model().objects.create_user(username, first_name=name)
        for username, name in PEOPLE.items()
    }


class _Demo:
    """Sends, edits, reads and deletes through the services, then sets the times of all that.

    One transaction holds all of it, so nobody sees it while it is made.
    """

    def __init__(self, people: dict[str, User], sends: list[Send]) -> None:
        self.people = people
        self.sends = sends
        self.now = timezone.now()
        self.messages: dict[UUID, Message] = {}

    def make(self) -> None:
        for send in self.sends:  # the oldest first, so that ids follow times
            self.messages[send.key] = self._send(send)
        for send in self.sends:
            message = self.messages[send.key]
            if send.message.earlier_texts:
                self._edit(send, message)
            if not send.message.unread:
                self._mark_as_read(send, message)
            if send.message.deleted:
                services.delete_message(message=message, author=message.sender)
                self._set_times(message, deleted_at=self._time(send) + 2 * READ_AFTER)
        self._set_times_of_conversations_and_people()

    def _time(self, send: Send) -> datetime:
        return self.now - send.message.age

    def _set_times(self, message: Message, **times: datetime) -> None:
        Message.objects.filter(pk=message.pk).update(**times)

    def _send(self, send: Send) -> Message:
        earlier = send.message.earlier_texts
        message = services.send_message(
            sender=self.people[send.message.sender],
            receiver=self.people[send.receiver],
            content=earlier[0][0] if earlier else send.message.text,
            client_key=send.key,
            parent=self.messages[send.parent] if send.parent else None,
        )
        self._set_times(message, timestamp=self._time(send))
        Notification.objects.filter(message=message).update(created_at=self._time(send))
        return message

    def _edit(self, send: Send, message: Message) -> None:
        earlier = send.message.earlier_texts
        texts = [text for text, _age in earlier[1:]] + [send.message.text]
        for text, (_old, age) in zip(texts, earlier, strict=True):
            message = services.edit_message(
                message=message,
                editor=message.sender,
                content=text,
                text_version=Message.objects.get(pk=message.pk).text_version,
            )
            MessageHistory.objects.filter(pk=message.history.latest("pk").pk).update(
                edited_at=self.now - age
            )

    def _mark_as_read(self, send: Send, message: Message) -> None:
        services.mark_as_read(
            reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
        )
        self._set_times(message, read_at=min(self._time(send) + READ_AFTER, self.now))

    def _set_times_of_conversations_and_people(self) -> None:
        times = Message.objects.values("conversation").annotate(
            first=Min("timestamp"), last=Max("timestamp")
        )
        for row in times.filter(client_key__in=self.messages):
            Conversation.objects.filter(pk=row["conversation"]).update(created_at=row["first"])
            Participant.objects.filter(conversation=row["conversation"]).update(
                last_activity=row["last"]
            )
        joined = self.now - max(send.message.age for send in self.sends) - timedelta(days=1)
        get_user_model().objects.filter(
            pk__in=[person.pk for person in self.people.values()]
        ).update(date_joined=joined)


def _new_password() -> str:
    """A random password: no default password exists anywhere."""
    groups = ("".join(secrets.choice(EASY_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
