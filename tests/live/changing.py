"""What people do to each other's messages, at random, and also while an answer is being made."""

from contextlib import contextmanager

from django.db import connection

from messaging import services
from messaging.models import Message
from tests.factories import MessageFactory, reply_to

FEW = 12  # messages that people still talk about: much happens to each
STATEMENTS = 18  # of an answer, roughly


class Life:
    def __init__(self, pairs, chance):
        self.pairs, self.chance = pairs, chance
        self.changes = 0
        self._changing = False

    def change(self, kind=None):
        """One change, of the `kind` or of any."""
        kind = kind or self.chance.choices(list(KINDS), KINDS.values())[0]
        self.changes += 1
        self._changing = True
        one, other = self.chance.sample(self.chance.choice(self.pairs), 2)
        between = Message.objects.filter(
            sender__in=(one, other), receiver__in=(one, other), deleted_at=None
        ).order_by("-pk")[:FEW]
        if kind == "begin" or not between:
            MessageFactory(sender=one, receiver=other)
        else:
            getattr(self, f"_{kind}")(one, self.chance.choice(between), between)
        self._changing = False

    def _reply(self, one, message, _all):
        reply_to(message, sender=one)

    def _edit(self, _one, message, _all):
        services.edit_message(
            message=message,
            editor=message.sender,
            content=f"Edited to {self.changes}",
            text_version=message.text_version,
        )

    def _delete(self, _one, message, _all):
        services.delete_message(message=message, author=message.sender)

    def _delete_several(self, _one, _message, some):
        Message.objects.filter(pk__in=[message.pk for message in some[:2]]).delete()

    def _read(self, _one, message, _all):
        services.mark_as_read(
            reader=message.receiver, messages=Message.objects.filter(pk=message.pk)
        )

    def _unread(self, _one, message, _all):
        services.mark_as_unread(reader=message.receiver, message=message)

    def _rename(self, one, _message, _all):
        one.first_name = f"Person {self.changes}"
        one.save(update_fields=["first_name"])

    @contextmanager
    def goes_on(self, before=None, kind=None):
        """A change comes before one of the statements inside: the one with this number, or any."""
        left = before or self.chance.randint(1, STATEMENTS)

        def meanwhile(execute, sql, params, many, context):
            nonlocal left
            if not self._changing:
                left -= 1
                if left == 0:
                    self.change(kind)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(meanwhile):
            yield


# How often each happens. Several go at once by a command or in Django's shell.
KINDS = {
    "begin": 12,
    "reply": 33,
    "edit": 12,
    "delete": 16,
    "delete_several": 2,
    "read": 14,
    "unread": 6,
    "rename": 5,
}
