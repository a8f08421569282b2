"""What a view is given: a request of somebody who is signed in, with what middleware adds."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from messaging.models import Mailbox


class ReaderRequest(HttpRequest):
    """Never made: names for what `signed_in` and the middleware promise."""

    user: User
    mailbox: Mailbox
    htmx: HtmxDetails
