"""Eight people send, edit, read and delete at the same time, without a deadlock."""

import os
import random
import threading

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connections

from messaging import services
from messaging.models import Message, Notification
from tests.factories import UserFactory
from tests.faults.rounds import rounds
from tests.messaging.orphans import orphans

pytestmark = [pytest.mark.db, pytest.mark.django_db(transaction=True)]

STEPS = int(os.environ.get("CROSSWISE_STEPS", "320"))  # of all people together
PEOPLE = 8
RINGS = 40


def live(person, people, seed, errors):
    chance = random.Random(seed)  # noqa: S311
    try:
        for number in rounds(STEPS // PEOPLE, each=PEOPLE):
            other = chance.choice([one for one in people if one != person])
            mine = Message.objects.filter(sender=person, deleted_at=None)
            what = chance.choice(("send", "send", "reply", "edit", "read", "told", "delete"))
            try:
                if what == "send":
                    services.send_message(sender=person, receiver=other, content=f"Text {number}")
                elif what == "reply" and (to := Message.objects.filter(receiver=person).last()):
                    services.send_message(
                        sender=person, receiver=to.sender, content=f"Reply {number}", parent=to
                    )
                elif what == "edit" and (own := mine.last()):
                    services.edit_message(
                        message=own,
                        editor=person,
                        content=f"Edit {number}",
                        text_version=own.text_version,
                    )
                elif what == "read":
                    services.mark_as_read(reader=person, messages=Message.objects.all())
                elif what == "told":
                    services.mark_notifications_as_read(reader=person, up_to=2**62)
                elif what == "delete" and (own := mine.first()):
                    services.delete_message(message=own, author=person)
            except (services.MessageConflict, ValidationError, ObjectDoesNotExist):
                pass  # somebody else was faster, which a person is told
    except Exception as error:  # the test checks all errors
        errors.append(error)
    finally:
        connections.close_all()


def test_nobody_meets_a_deadlock():
    people = [UserFactory() for _ in range(PEOPLE)]
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")
    errors = []
    threads = [
        threading.Thread(target=live, args=(person, people, seed + place, errors))
        for place, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)

    assert not any(thread.is_alive() for thread in threads), "a thread did not end"
    assert errors == []
    assert orphans() == []
    notified = Notification.objects.values_list("message", flat=True)
    assert set(notified) == set(
        Message.objects.filter(deleted_at=None).values_list("pk", flat=True)
    )
    for notification in Notification.objects.select_related("message"):
        assert notification.read == notification.message.read


def test_three_who_write_to_each_other_in_a_ring_do_not_wait_for_each_other():
    """Each locks a mailbox that the next one needs. Without one order of locks that is a deadlock."""
    people, errors = [UserFactory() for _ in range(3)], []
    together = threading.Barrier(len(people), timeout=60)

    def write(person, other):
        try:
            for number in range(RINGS):
                together.wait()
                services.send_message(sender=person, receiver=other, content=f"Text {number}")
        except Exception as error:  # the test checks all errors
            errors.append(error)
            together.abort()
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=write, args=(person, people[place - 1]))
        for place, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert Message.objects.count() == RINGS * len(people)
