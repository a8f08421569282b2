"""A large account is deleted while others write: they notice nothing, and nothing of it is left.

DELETED_MESSAGES says how large it is: by default a bit more than goes at once.
"""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager

from tests.faults.installation import PROJECT, Browser, installation, lost_or_doubled, writing
from tests.faults.rounds import report
from tests.live.listening import within

MESSAGES = int(os.environ.get("DELETED_MESSAGES", "2000"))
# Seconds. Messages are deleted in batches that let others write, and the machine may be busy.
PATIENCE = 120 + MESSAGES / 50

# Run in the installation: creates all kinds of rows of a person, and `count` messages.
FILL = """
import json
from uuid import uuid4
from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from messaging.models import Conversation, Message, MessageHistory, Notification
leaver, other = (get_user_model().objects.get(username=f"person{n}") for n in (5, 4))
leaver.first_name, leaver.email = "Quetzalcoatl Smith", "quetzalcoatl@private.example"
leaver.save()
EmailAddress.objects.create(user=leaver, email=leaver.email, primary=True)
LogEntry.objects.create(user=other, content_type=ContentType.objects.get_for_model(leaver),
    object_id=str(leaver.pk), object_repr=str(leaver), action_flag=CHANGE)
conversation = Conversation.objects.between(leaver, other)
now = timezone.now()
root = Message.objects.create(sender=leaver, receiver=other, content="Xylophones at midnight")
for start in range(1, {count}, 1000):
    made = Message.objects.bulk_create(
        Message(sender=(leaver, other)[n % 2], receiver=(other, leaver)[n % 2], timestamp=now,
            conversation=conversation, content=f"Xylophones at midnight, {n}",
            client_key=uuid4(), parent_message=root if n % 3 else None,
            thread=root if n % 3 else None)
        for n in range(start, min(start + 1000, {count}))
    )
    Notification.objects.bulk_create(
        Notification(user_id=one.receiver_id, message=one) for one in made)
    MessageHistory.objects.bulk_create(
        MessageHistory(message=one, old_content="Xylophones before", edited_by_id=one.sender_id)
        for one in made[::10])
Conversation.objects.filter(pk=conversation.pk).update(last_message=made[-1])
print(json.dumps(Message.objects.count()))
"""
LEAVE = """
import json
from accounts import services
from django.contrib.auth import get_user_model
services.delete_account(get_user_model().objects.get(username="person5"))
print(json.dumps(None))
"""
WORDS = ("person5", "Quetzalcoatl", "quetzalcoatl@", "Xylophones")


@contextmanager
def worker(here):
    with here.log.with_suffix(".worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=PROJECT,
            env=here.environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.kill()
            process.communicate()


def test_a_large_account_goes_while_four_write_and_nothing_of_it_is_left():
    with installation() as here:
        browsers = [Browser(here.port, person) for person in here.people(6)]
        *writers, other, leaver = browsers
        filled = here.shell(FILL.replace("{count}", str(MESSAGES)))
        here.start()
        page = f"/c/{other.person['conversation']}/"
        assert "Xylophones" in other.ask("GET", page, htmx=False)[1]
        assert leaver.ask("GET", page, htmx=False)[0] == 200
        until = threading.Event()
        threads = writing(writers, until)

        here.shell(LEAVE)

        # Hidden from everybody at once, also in caches; deleted from the tables later.
        assert other.ask("GET", page, htmx=False)[0] == 404
        assert "Xylophones" not in other.ask("GET", "/inbox/", htmx=False)[1]
        assert leaver.ask("GET", page, htmx=False)[0] == 302
        with closing(sqlite3.connect(here.database)) as rows:
            left = "SELECT 1 FROM messaging_deletedaccount"
            # The worker has not deleted it yet: it is too much for one transaction.
            assert rows.execute(left).fetchone()
            with worker(here):
                gone = within(PATIENCE, lambda: not rows.execute(left).fetchone())
        until.set()
        for thread in threads:
            thread.join()
        for browser in browsers:
            browser.close()
        here.kill()
        log = here.log.read_text() + here.log.with_suffix(".worker.log").read_text()
        stored = here.stored()
        here.command("optimize_search", "--rewrite", "-v", "0")
        checked = here.command("verify_erased", *WORDS, check=False)

    assert gone
    assert filled == MESSAGES
    assert checked.returncode == 0, checked.stderr
    assert not [word for word in WORDS if word in log]
    assert [one.refused for one in writers] == [[], [], [], []]
    found = lost_or_doubled(stored, writers)
    assert len(stored["messages"]) == found.pop("acknowledged") > 0
    assert not any(found.values()), found
    report(tried=MESSAGES, held=MESSAGES)
