"""What templates show of a message: strings made once, outside the loop.

In a loop of messages the template engine's filters and `{% url %}` cost more than all the rest
of a row, so every value a row needs comes from here, ready and safe.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from messaging.people import display_name
from messaging.text import first_letter
from messaging.unread import is_unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User

    from messaging.models import Message

AVATAR_HUES = 6


class Clock:
    """Times as the reader sees them: in their zone, and measured from their today."""

    def __init__(self) -> None:
        self.zone = timezone.get_current_timezone()
        self.today = timezone.now().astimezone(self.zone).date()
        self.language = get_language()
        self._row_days: dict[date, str] = {}
        self.comma = pgettext("between a day and a time", ", ")

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def _day(self, day: date) -> tuple[str, str]:
        """The day in full, and as short as it still says which."""
        return _written_day(day, day.year == self.today.year, self.language)

    def written(self, moment: datetime) -> str:
        """ "14:58" today, "19 Nov, 14:58" on another day."""
        return self.on_message(moment, self.today)[1]

    def on_message(self, moment: datetime, under: date | None) -> tuple[date, str, str]:
        """The day; the time, with the day if that is not the day `under` whose divider it stands;
        and both in full: "Monday 23 November 2026, 14:58".

        `under` None stands for the day itself: each message that begins a thread has its divider.
        """
        local = self.local(moment)
        day, time = local.date(), f"{local:%H:%M}"
        in_full, short = self._day(day)
        when = time if under is None or day == under else f"{short}{self.comma}{time}"
        return day, when, f"{in_full}{self.comma}{time}"

    def divider(self, day: date) -> str:
        """What stands above the messages of a day."""
        if day == self.today:
            return _("Today")
        if day == self.today - timedelta(days=1):
            return _("Yesterday")
        return _written_divider(day, day.year == self.today.year, self.language)

    def in_row(self, moment: datetime) -> str:
        """The shortest that still says when: "14:58", "Mon", "19 Nov", "19 Nov 2024"."""
        local = self.local(moment)
        day = local.date()
        if day == self.today:
            return f"{local:%H:%M}"
        if day not in self._row_days:
            self._row_days[day] = self._short_day(day)
        return self._row_days[day]

    def _short_day(self, day: date) -> str:
        if timedelta(0) < self.today - day < timedelta(days=7):
            return format_date(day, "D")
        return self._day(day)[1]

    def version(self, moment: datetime) -> str:
        """ "today 14:31", "19 Nov, 14:31"."""
        local = self.local(moment)
        if local.date() == self.today:
            return _("today %(time)s") % {"time": f"{local:%H:%M}"}
        return self.written(moment)

    @staticmethod
    def machine(moment: datetime) -> str:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(4_000)
def _written_day(day: date, this_year: bool, language: str | None) -> tuple[str, str]:
    """ "Monday 23 November 2026", and "23 Nov" or "23 Nov 2026", in the language that is on."""
    short = pgettext("date format", "j M") if this_year else pgettext("date format", "j M Y")
    return format_date(day, pgettext("date format", "l j F Y")), format_date(day, short)


@lru_cache(4_000)
def _written_divider(day: date, this_year: bool, language: str | None) -> str:
    """ "Monday 23 November", with the year if that is not this one."""
    with_year, without = pgettext("date format", "l j F Y"), pgettext("date format", "l j F")
    return format_date(day, without if this_year else with_year)


@dataclass(slots=True, frozen=True)
class Person:
    """One of the two people of a page, as the reader sees them."""

    pk: int
    name: str
    first: str  # the first word of the name
    avatar: SafeString

    @classmethod
    def of(cls, user: User) -> Person:
        return cls.named(user.pk, display_name(user))

    @classmethod
    def reader(cls, user: User) -> Person:
        """The person who looks at the page: their avatar has the accent, as no other has."""
        name = display_name(user)
        return cls(user.pk, name, (name.split() or [name])[0], avatar(user.pk, name, "avatar-me"))

    @classmethod
    def named(cls, pk: int, name: str, beside: Person | None = None) -> Person:
        """`beside` stands next to this person in a list: their avatars differ."""
        hue = f"avatar-{pk % AVATAR_HUES + 1}"
        if beside is not None and f" {hue}" in beside.avatar:
            hue = f"avatar-{(pk + 1) % AVATAR_HUES + 1}"
        return cls(pk, name, (name.split() or [name])[0], avatar(pk, name, hue))


class People:
    """The people whom a page draws, by id. Each `Person` is made when they are drawn first.

    `users` are known already. Anybody else is looked up, since somebody may have left whose messages
    stay; whoever has no account any more is a "Former member".
    """

    def __init__(self, reader: User, users: Iterable[User]) -> None:
        self.reader = reader
        self._users = {user.pk: user for user in users}
        self._made: dict[int, Person] = {}

    def __getitem__(self, pk: int) -> Person:
        if pk not in self._made:
            self._made[pk] = self._make(pk)
        return self._made[pk]

    def _make(self, pk: int) -> Person:
        if pk == self.reader.pk:
            return Person.reader(self._users.get(pk, self.reader))
        user = self._users.get(pk) or get_user_model().objects.filter(pk=pk).first()
        return Person.of(user) if user else Person.named(pk, _("Former member"))


def avatar(user_pk: int, name: str, hue: str = "") -> SafeString:
    """A person's initials on one of six hues. Decoration: the name stands beside it.

    `hue` is the class of a hue; without one, the id of the person chooses.
    """
    classes = f"avatar {hue or f'avatar-{user_pk % AVATAR_HUES + 1}'}"
    return SafeString(f'<span class="{classes}" aria-hidden="true">{_safe(initials(name))}</span>')


def _safe(text: str) -> SafeString:
    """As Django's `escape`, four times as fast: that one takes texts that are not there yet."""
    return SafeString(html.escape(text))


def initials(name: str) -> str:
    """The first letters of the first two words that have any."""
    letters = [letter for letter in map(first_letter, name.split()) if letter]
    return "".join(letters[:2]).upper() or "?"


def _with_day_apart(when: str) -> SafeString:
    """`when` with its day in an element of its own: beside a message of a run only the time stands."""
    day, _space, time = when.rpartition(" ")
    return SafeString(f'<span class="msg-day">{_safe(day)} </span>{_safe(time)}' if day else time)


@cache
def _around_id(name: str) -> tuple[str, str]:
    """What stands before and after the id in the addresses of that name."""
    before, after = reverse(name, args=[0]).split("0")
    return before, after


def message_url(pk: int) -> str:
    """The address of a message: its own page, where it can be seen wherever it hangs."""
    before, after = _around_id("chats:message_detail")
    return f"{before}{pk}{after}"


def conversation_url(pk: int) -> str:
    before, after = _around_id("chats:conversation_detail")
    return f"{before}{pk}{after}"


@dataclass(slots=True)
class ShownMessage:
    """A message as one reader sees it. Every string is safe HTML."""

    pk: int
    sender_pk: int
    id: SafeString
    url: SafeString
    classes: SafeString
    avatar: SafeString
    name: SafeString
    when: SafeString
    when_in_full: SafeString
    when_machine: SafeString
    body: SafeString
    whose: SafeString  # "Amara Okafor, 14:58", "your message, 14:09": for "Reply to …"
    reply_label: SafeString
    is_reply: bool
    in_reply_to: SafeString
    parent_id: SafeString
    own: bool
    edited: bool
    unread: bool
    deleted: bool
    day: date
    moment: datetime
    autofocus: bool = False
    oob: bool = False  # it goes where the same one stands on the page


class Presenter:
    """Turns messages of one conversation into what one reader is shown.

    Times stand under the divider of a day, so that they stay right after midnight. Without
    `dividers` they are written as seen from today.
    """

    def __init__(self, people: People, *, dividers: bool = True) -> None:
        self.reader_pk = people.reader.pk
        self.people = people
        self.clock = Clock()
        self._dividers = dividers
        self._own_message = _("your message")
        self._reply_to = _("to")
        # Safe HTML, by the id of the person.
        self._names: dict[int, SafeString] = {self.reader_pk: escape(_("You"))}
        self._replying: dict[int | None, SafeString] = {
            None: SafeString(),
            self.reader_pk: escape(_("replying to you")),
        }

    def show(self, message: Message) -> ShownMessage:
        own = message.sender_id == self.reader_pk
        unread = is_unread(self.reader_pk, message.read, message.receiver_id)
        deleted = message.deleted_at is not None
        person = self.people[message.sender_id]
        day, when, when_in_full = self.clock.on_message(message.timestamp, self._under(message))
        whose = f"{self._own_message if own else person.name}{self.clock.comma}{when}"
        classes = "msg"
        if own:
            classes += " is-own"
        if unread:
            classes += " is-unread"
        if deleted:
            classes += " is-deleted"
        parent_sender = getattr(message, "parent_sender_id", None)
        return ShownMessage(
            pk=message.pk,
            sender_pk=message.sender_id,
            id=SafeString(f"m-{message.pk}"),
            url=SafeString(message_url(message.pk)),
            classes=SafeString(classes),
            avatar=person.avatar,
            name=self._name(message.sender_id),
            when=_with_day_apart(when),
            when_in_full=_safe(when_in_full),
            when_machine=SafeString(self.clock.machine(message.timestamp)),
            body=message.body,
            whose=_safe(whose),
            reply_label=_safe(f"{self._reply_to} {whose}"),
            is_reply=parent_sender is not None,
            in_reply_to=self._replying_to(parent_sender),
            parent_id=SafeString(f"m-{message.parent_message_id}"),
            own=own,
            edited=message.edited,
            unread=unread,
            deleted=deleted,
            day=day,
            moment=message.timestamp,
        )

    def _under(self, message: Message) -> date | None:
        """The day of the divider that the message stands under: that of the root of its thread."""
        if not self._dividers:
            return self.clock.today
        began = getattr(message, "thread_began", None)
        return self.clock.local(began).date() if began else None

    def _name(self, sender_pk: int) -> SafeString:
        if sender_pk not in self._names:
            self._names[sender_pk] = format_html("<bdi>{}</bdi>", self.people[sender_pk].name)
        return self._names[sender_pk]

    def _replying_to(self, sender_pk: int | None) -> SafeString:
        if sender_pk is not None and sender_pk not in self._replying:
            first = format_html("<bdi>{}</bdi>", self.people[sender_pk].first)
            self._replying[sender_pk] = format_html(_("replying to {}"), first)
        return self._replying[sender_pk]
