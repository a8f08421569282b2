"""A message is on disk before the answer. A full disk and a locked database lose nothing."""

import os
import re
import resource
import signal
import sqlite3
import threading
from contextlib import closing
from uuid import uuid4

import pytest

from scripts.installed_programs import strace
from tests.faults.installation import Browser, installation, lost_or_doubled

SENDS = 15


@pytest.fixture
def watching():
    program = strace()
    if program is None:
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail("strace is not installed, and REQUIRE_ALL=1 allows no skipped test.")
        pytest.skip("strace is not installed.")
    return str(program)


def synced_before_answers(trace):
    """For each send that was answered with success: how many syncs came before its answer."""
    counts, syncs, asked = [], 0, False
    for line in trace.splitlines():
        if '"POST /c/' in line:
            asked, syncs = True, 0
        elif re.search(r"(fsync|fdatasync)\(.*= 0$|<\.\.\. f(data)?sync resumed.*= 0$", line):
            syncs += 1
        elif asked and re.search(r'(sendto|sendmsg|write|writev)\(.*"HTTP/1\.1 200', line):
            counts.append(syncs)
            asked = False
    return counts


def test_a_message_is_on_disk_before_it_is_acknowledged(watching, tmp_path):
    trace = tmp_path / "trace"
    watched = "recvfrom,sendto,sendmsg,write,writev,fsync,fdatasync"
    with installation() as here:
        browser = Browser(here.port, here.people(2)[0])
        here.start(watching, "-f", "-qq", "-s", "40", "-e", f"trace={watched}", "-o", str(trace))
        for number in range(SENDS):
            assert browser.send(f"Text {number}") == 200
        browser.close()
        here.stop()

        assert len(here.stored()["messages"]) == SENDS
    counts = synced_before_answers(trace.read_text())
    assert len(counts) == SENDS
    assert min(counts) >= 1


# Most of the transaction is on disk when the process is killed, and nothing is committed.
CUT_OFF = """
import os, signal
from django.db import connection, transaction
from messaging.models import Message
with transaction.atomic():
    connection.cursor().execute("PRAGMA cache_size = 5")
    for message in Message.objects.all():
        message.content = "never said " * 500
        message.save()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_transaction_that_is_cut_off_leaves_nothing():
    with installation() as here:
        person = here.people(2)[0]
        here.start()
        browser = Browser(here.port, person)
        for number in range(SENDS):
            assert browser.send(f"Text {number}") == 200
        browser.close()
        here.kill()
        before = here.stored()

        status, output = here.fork_server.ask("do", CUT_OFF)

        assert status == -signal.SIGKILL, output
        assert here.stored() == before
    assert before["integrity"] == ["ok"]


def test_a_full_disk_gives_a_clear_answer_keeps_the_text_and_recovers():
    """A limit on the size of files stands in for the full disk, and is then lifted."""
    with installation() as here:
        browser = Browser(here.port, here.people(2)[0])
        here.start()
        assert browser.send("Before") == 200
        pid = here.server.pid
        unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
        key = str(uuid4())

        assert browser.send("While it was full", key) == 503
        # A browser without JavaScript gets its text back in the page.
        status, page = browser.ask(
            "POST",
            f"/c/{browser.person['conversation']}/send/",
            {"content": "While it was <full>", "client_key": key},
            htmx=False,
        )
        assert status == 503
        assert "While it was &lt;full&gt;</textarea>" in page
        assert key in page
        status, _page = browser.ask("GET", "/inbox/")
        assert status == 200  # reading still works

        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        assert browser.send("While it was full", key) == 200
        browser.close()
        here.kill()
        stored = here.stored()

    assert [message["content"] for message in stored["messages"]] == ["Before", "While it was full"]
    found = lost_or_doubled(stored, [browser])
    assert found.pop("acknowledged") == 2
    assert not any(found.values()), found


def test_sends_to_a_locked_database_wait_and_succeed():
    with installation() as here:
        browsers = [Browser(here.port, person) for person in here.people(4)]
        here.start()
        for browser in browsers:
            assert browser.send("Hello") == 200
        with closing(sqlite3.connect(here.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            statuses = []

            def send(browser):
                statuses.append(browser.send("While it was locked"))

            threads = [threading.Thread(target=send, args=[browser]) for browser in browsers]
            for thread in threads:
                thread.start()
            reader = Browser(here.port, browsers[0].person)
            assert reader.ask("GET", "/inbox/")[0] == 200  # reading goes on
            reader.close()
            threads[0].join(4)
            assert statuses == []
            other.rollback()
            for thread in threads:
                thread.join()
        for browser in browsers:
            browser.close()
        here.kill()
        found = lost_or_doubled(here.stored(), browsers)

    assert statuses == [200] * 4
    assert found.pop("acknowledged") == 8
    assert not any(found.values()), found
