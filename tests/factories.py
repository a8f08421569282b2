"""Rows for tests. A message made here goes through `save()`, with all that follows."""

import factory
from django.contrib.auth import get_user_model

from messaging.models import Message


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"person{n}")
    first_name = factory.Sequence(lambda n: f"Person {n}")


class MessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Message

    sender = factory.SubFactory(UserFactory)
    receiver = factory.SubFactory(UserFactory)
    content = factory.Sequence(lambda n: f"Text number {n}")


def reply_to(message, content="A reply", sender=None):
    """A reply to `message`, by the person who received it unless said otherwise."""
    sender = sender or message.receiver
    receiver = message.receiver if sender == message.sender else message.sender
    return MessageFactory(sender=sender, receiver=receiver, content=content, parent_message=message)


def chain(message, length):
    """The last of `length` replies below `message`, each answering the one before."""
    for number in range(1, length + 1):
        message = reply_to(message, f"Step {number}")
    return message
