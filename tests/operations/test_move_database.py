"""An installation on SQLite is moved to PostgreSQL completely, or not at all."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
from django.conf import settings

from tests.services_fixture import NotHere, make_database, postgres

# What people do after the move: find an old message, write a new one, sign up and sign in.
AFTERWARDS = """
from django.contrib.auth import get_user_model
from messaging import services
from messaging.models import Conversation, Message
from messaging.search import parse, search_messages

User = get_user_model()
ana, ben = User.objects.get(username="ana"), User.objects.get(username="ben")
assert [m.content for m in search_messages(ben, parse("marmalade"))] == [
    "Marmalade, é, 日本!"
]
sent = services.send_message(sender=ben, receiver=ana, content="After the move")
assert sent.pk > Message.objects.exclude(pk=sent.pk).order_by("-pk").first().pk
assert User.objects.create_user("new").pk > ben.pk
assert ana.check_password("seventeen green herons")
print(Message.objects.count(), Conversation.objects.count())
"""

BEFORE = """
from django.contrib.auth import get_user_model
from django_tasks_db.models import DBTaskResult
from accounts.models import Preferences
from messaging import services
from messaging.models import Message
from messaging.services.batched_deletion import delete_hidden_account

User = get_user_model()
ana = User.objects.create_user("ana", password="seventeen green herons")
ben = User.objects.create_user("ben")
Preferences.objects.create(user=ben, theme="dark")
first = services.send_message(sender=ana, receiver=ben, content="Marmalade, é, 日本")
for number in range(20):
    services.send_message(sender=ben, receiver=ana, content=f"Reply {number}", parent=first)
services.edit_message(
    message=first, editor=ana, content="Marmalade, é, 日本!", text_version=first.text_version
)
delete_hidden_account.enqueue(account_pk=0)
"""


def manage(folder, *arguments, stdin=None, **environment):
    base = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "SECRET_KEY": "k" * 50}
    return subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", *arguments],
        env=base | {"DATA_DIR": str(folder)} | environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def server():
    try:
        with postgres() as address:
            yield address
    except NotHere as missing:
        pytest.skip(f"{missing} is not here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An installation on SQLite with some rows in most tables."""
    folder = tmp_path_factory.mktemp("moving")
    assert manage(folder, "migrate", "-v0").returncode == 0
    made = manage(folder, "shell", "-v0", stdin=BEFORE)
    assert made.returncode == 0, made.stderr
    return folder


def count_tables(address):
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return found.fetchone()[0]


def test_after_the_move_everything_is_there_and_works(server, folder):
    to = make_database(server, "whole")

    moved = manage(folder, "move_database", "--to", to)

    assert moved.returncode == 0, moved.stderr
    assert "Copied and compared" in moved.stdout
    assert "Copied" in moved.stderr
    after = manage(folder, "shell", "-v0", stdin=AFTERWARDS, DATABASE_URL=to)
    assert after.returncode == 0, after.stderr
    assert after.stdout.split() == ["22", "1"]
    checked = manage(folder, "check", "--database", "default", DATABASE_URL=to)
    assert "no issues" in checked.stdout

    again = manage(folder, "move_database", "--to", to)
    assert again.returncode == 1
    assert "The target is not empty" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_failed_move_leaves_the_target_empty(server, folder, tmp_path):
    to = make_database(server, "half")
    shutil.copytree(folder, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "parley.sqlite3")) as source, source:
        # SQLite does not limit the length of a text; PostgreSQL does.
        source.execute("UPDATE accounts_preferences SET theme = 'far too long a theme'")

    moved = manage(tmp_path / "data", "move_database", "--to", to)

    assert moved.returncode == 1
    assert "refused a row of accounts_preferences (DataError). Nothing was moved." in moved.stderr
    assert "far too long" not in moved.stderr
    assert "Traceback" not in moved.stderr
    assert count_tables(to) == 0


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("postgres://nobody:x@127.0.0.1:1/none", "does not answer"),
        ("sqlite:///elsewhere", "must be the address of a PostgreSQL"),
        ("nonsense", "--to"),
    ],
)
def test_an_unusable_target_is_refused_in_one_sentence(folder, to, error):
    moved = manage(folder, "move_database", "--to", to)

    assert moved.returncode == 1
    assert error in moved.stderr
    assert "Traceback" not in moved.stderr
