"""manage.py make_demo: a lively sample, for a first look."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from messaging import services
from messaging.demo_content import MAIN_PERSON, PEOPLE, TALKS, Said
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant

# Names the messages of the sample, so that they are known again.
NAMESPACE = UUID("7c0b5a52-0f2e-5d0c-8d0a-53b9a1f4e6d7")
READ_AFTER = timedelta(minutes=4)
# Without letters and digits that look alike.
EASY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Turn(NamedTuple):
    """One message of the sample, with its place."""

    key: UUID
    said: Said
    to: str
    parent: UUID | None


class Command(BaseCommand):
    help = (
        "Makes eight people who write to each other, with threads, edits and unread messages. "
        "Prints one password for all of them, a new one in every run. A second run adds nothing."
    )

    @transaction.atomic
    def handle(self, *, verbosity, **options):
        turns = sorted(_turns(), key=lambda turn: turn.said.ago, reverse=True)
        people = self._people_of_the_sample(turns)
        said = f"A sample of {len(PEOPLE)} people and {len(turns)} messages is ready."
        if people:
            said = "The sample is here already; its people have a new password."
        else:
            people = _make_people()
            _Sample(people, turns).play()
        password = _password()
        for person in people.values():
            person.set_password(password)
            person.save(update_fields=["password"])
        if verbosity:
            self._tell(said, people, password)

    def _people_of_the_sample(self, turns):
        """Those of an earlier run, by user name: only who wrote what the sample has them write.

        Somebody else of the same name must never get the password that is printed.
        """
        writers = get_user_model().objects.filter(
            sent_messages__client_key__in=[turn.key for turn in turns], username__in=PEOPLE
        )
        found = {person.username: person for person in writers.distinct()}
        taken = get_user_model().objects.filter(username__in=PEOPLE).first()
        if taken and not found:
            raise CommandError(
                f"There is an account named {taken.username} already. "
                "The sample is for a database of its own."
            )
        return found

    def _tell(self, said, people, password):
        names = [name for name in PEOPLE if name in people]
        self.stdout.write(said)
        for name in names:
            self.stdout.write(f"  {name:<8} {people[name].first_name}")
        first = MAIN_PERSON if MAIN_PERSON in names else names[0]
        self.stdout.write(f"Sign in as {first}, or as any of them, with the password {password}")


def _turns() -> Iterator[Turn]:
    for talk in TALKS:
        names = {talk.people[0]: talk.people[1], talk.people[1]: talk.people[0]}
        # Its place in the tree names a message: 0 for the first, 0.2 for the third reply to it.
        waiting: list[tuple[str, Said, UUID | None]] = [
            (str(place), said, None) for place, said in enumerate(talk.said)
        ]
        while waiting:
            path, said, parent = waiting.pop()
            key = uuid5(NAMESPACE, "/".join((*talk.people, path)))
            yield Turn(key, said, names[said.by], parent)
            waiting += [(f"{path}.{place}", reply, key) for place, reply in enumerate(said.replies)]


def _make_people():
    return {
        username: get_user_model().objects.create_user(username, first_name=name)
        for username, name in PEOPLE.items()
    }


class _Sample:
    """Plays all that happened through the services, then puts it where it belongs in time.

    Everything is one transaction: nobody sees it happen.
    """

    def __init__(self, people, turns: list[Turn]) -> None:
        self.people = people
        self.turns = turns
        self.now = timezone.now()
        self.messages: dict[UUID, Message] = {}

    def play(self) -> None:
        for turn in self.turns:  # the oldest first, so that ids follow times
            self.messages[turn.key] = self._send(turn)
        for turn in self.turns:
            message = self.messages[turn.key]
            if turn.said.earlier:
                self._edit(turn, message)
            if not turn.said.unread:
                self._read(turn, message)
            if turn.said.deleted:
                services.delete_message(message=message, author=message.sender)
                self._at(message, deleted_at=self._time(turn) + 2 * READ_AFTER)
        self._date_the_rest()

    def _time(self, turn: Turn) -> datetime:
        return self.now - turn.said.ago

    def _at(self, message: Message, **times: datetime) -> None:
        Message.objects.filter(pk=message.pk).update(**times)

    def _send(self, turn: Turn) -> Message:
        # What was written first, if it was edited later.
        text = turn.said.earlier[0][0] if turn.said.earlier else turn.said.text
        message = services.send_message(
            sender=self.people[turn.said.by],
            receiver=self.people[turn.to],
            content=text,
            client_key=turn.key,
            parent=self.messages[turn.parent] if turn.parent else None,
        )
        self._at(message, timestamp=self._time(turn))
        Notification.objects.filter(message=message).update(created_at=self._time(turn))
        return message

    def _edit(self, turn: Turn, message: Message) -> None:
        texts = [text for text, _ago in turn.said.earlier[1:]] + [turn.said.text]
        for text, (_old, replaced) in zip(texts, turn.said.earlier, strict=True):
            message = services.edit_message(
                message=message,
                editor=message.sender,
                content=text,
                text_version=Message.objects.get(pk=message.pk).text_version,
            )
            MessageHistory.objects.filter(pk=message.history.latest("pk").pk).update(
                edited_at=self.now - replaced
            )

    def _read(self, turn: Turn, message: Message) -> None:
        services.mark_as_read(
            reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
        )
        self._at(message, read_at=min(self._time(turn) + READ_AFTER, self.now))

    def _date_the_rest(self) -> None:
        times = Message.objects.values("conversation").annotate(
            first=Min("timestamp"), last=Max("timestamp")
        )
        for row in times.filter(client_key__in=self.messages):
            Conversation.objects.filter(pk=row["conversation"]).update(created_at=row["first"])
            Participant.objects.filter(conversation=row["conversation"]).update(
                last_activity=row["last"]
            )
        joined = self.now - max(turn.said.ago for turn in self.turns) - timedelta(days=1)
        get_user_model().objects.filter(
            pk__in=[person.pk for person in self.people.values()]
        ).update(date_joined=joined)


def _password() -> str:
    """Made for this run: there is no default password anywhere."""
    groups = ("".join(secrets.choice(EASY_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
