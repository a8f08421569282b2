"""What the inbox shows to somebody who has no conversation yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from chats.message_view_model import Person
from messaging.models import Participant
from messaging.people import people_listed, people_to_write_to

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_SHOWN = 8


@dataclass(slots=True)
class SomebodyHere:
    """A person whom the reader can begin a conversation with."""

    person: Person
    username: str


@dataclass(slots=True)
class Welcome:
    """The context of `partials/welcome.html`."""

    name: str  # the first word of the reader's name
    others: bool  # whether anybody else is here
    people: list[SomebodyHere]  # some of them, where people may be listed
    sign_up_link: str  # with which everybody can come in; empty where that is not so
    may_invite: bool  # the reader can make a link for one person

    @classmethod
    def of(cls, reader: User) -> Welcome | None:
        """The welcome of `reader`; None if they have a conversation."""
        if Participant.objects.filter(user=reader).exists():
            return None
        people = people_listed(reader) if settings.LIST_PEOPLE else []
        return cls(
            name=Person.of(reader).first,
            others=bool(people) or people_to_write_to(reader).exists(),
            people=[SomebodyHere(Person.of(one), one.username) for one in people[:MOST_SHOWN]],
            sign_up_link=(
                settings.SITE_URL + reverse("account_signup") if settings.SIGNUP == "open" else ""
            ),
            may_invite=settings.SIGNUP == "invite" and reader.is_superuser,
        )
