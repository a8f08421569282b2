"""What a view is given: a request of somebody who is signed in, with what middleware adds."""

from typing import Protocol

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from messaging.mailboxes import Mailbox


class Preferences(Protocol):
    """What pages ask of the preferences of their reader. `accounts.models` stores them."""

    @property
    def theme(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def read_on_sight(self) -> bool: ...
    @property
    def enter_sends(self) -> bool: ...
    @property
    def single_keys(self) -> bool: ...


class ReaderRequest(HttpRequest):
    """Never made: names for what `signed_in` and the middleware promise."""

    user: User
    mailbox: Mailbox
    preferences: Preferences
    htmx: HtmxDetails
