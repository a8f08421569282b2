"""The index is complete or says what it lacks; deleted texts leave it."""

import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from messaging.models import Message
from messaging.search import index_of, keep_index
from messaging.search.index import check_index
from tests.factories import MessageFactory
from tests.search.finding import found, tokens_of, words_in_index

pytestmark = pytest.mark.db


def test_a_sound_index_is_left_alone(ana, message):
    assert keep_index() is False
    assert run_checks(databases=["default"], tags=["database"]) == []


def test_a_lost_trigger_is_reported_and_made_again(ana, ben):
    index_of(connection).drop_triggers(connection)
    MessageFactory(sender=ana, receiver=ben, content="written meanwhile")
    assert found(ana, "meanwhile") == []

    (warning,) = check_index(databases=["default"])
    assert warning.id == "messaging.W001"
    call_command("migrate", verbosity=0, skip_checks=False, stderr=io.StringIO())

    assert found(ana, "meanwhile") == ["written meanwhile"]
    assert check_index(databases=["default"]) == []


def test_migrate_can_be_undone_and_done_again(transactional_db, ana_after):
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("messaging", "0001_initial")])
        assert "messaging_search" not in connection.introspection.table_names()
        # The index reads the tables of this release, and these are older.
        assert keep_index() is False
        assert check_index(databases=["default"]) == []
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
        assert keep_index() is True

    assert found(ana_after, "morning") == ["Good morning, Ben"]


@pytest.fixture
def ana_after(transactional_db, ana, ben):
    MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")
    return ana


def test_a_changed_field_does_not_lose_the_index(transactional_db, ana_after, ben):
    """On SQLite Django makes a new table for it and drops the triggers with the old one."""
    old = Message._meta.get_field("edited")
    new = models.BooleanField(default=True)
    new.set_attributes_from_name("edited")
    new.model = Message
    with connection.schema_editor() as editor:
        editor.alter_field(Message, old, new)
        editor._remake_table(Message) if connection.vendor == "sqlite" else None
    lost = bool(check_index(databases=["default"]))
    assert lost == (connection.vendor == "sqlite")

    call_command("migrate", verbosity=0)
    MessageFactory(sender=ana_after, receiver=ben, content="Good evening")

    assert check_index(databases=["default"]) == []
    assert found(ana_after, "good") == ["Good evening", "Good morning, Ben"]


def test_an_emptied_database_has_an_empty_index(transactional_db, ana_after):
    assert "morning" in words_in_index()

    call_command("flush", interactive=False, verbosity=0)

    assert words_in_index() == set()


def files_on_disk():
    """The bytes of SQLite's files; nothing on PostgreSQL, whose files the tests may not read."""
    if connection.vendor != "sqlite":
        return []
    database = Path(settings.DATABASES["default"]["NAME"])
    return [file.read_bytes() for file in database.parent.glob(f"{database.name}*")]


def test_a_deleted_word_is_in_no_file_after_the_clean_up(transactional_db, ana, ben):
    for number in range(300):
        MessageFactory(sender=ana, receiver=ben, content=f"ordinary talk {number}")
    secret = MessageFactory(sender=ana, receiver=ben, content="the xylographquintessence of it")
    secret.delete()
    assert not files_on_disk() or any(b"xylograph" in file for file in files_on_disk())
    out = io.StringIO()

    call_command("optimize_search", stdout=out)

    assert "clean" in out.getvalue()
    assert "xylographquintessence" not in words_in_index()
    assert not any(b"xylograph" in file for file in files_on_disk())
    assert len(found(ana, "ordinary")) == 21


def test_the_index_can_be_made_anew(transactional_db, ana_after):
    call_command("optimize_search", rebuild=True, verbosity=0)

    assert found(ana_after, "morning") == ["Good morning, Ben"]


def test_an_absent_index_is_reported_and_made(transactional_db, ana_after):
    index_of(connection).drop(connection)
    (warning,) = check_index(databases=["default"])
    assert warning.id == "messaging.W001"

    call_command("migrate", verbosity=0)

    assert check_index(databases=["default"]) == []
    assert found(ana_after, "morning") == ["Good morning, Ben"]


def test_the_index_is_made_after_the_last_migration(transactional_db):
    """A migration between may lack a column that the index reads."""
    names = sorted(
        name for app, name in MigrationLoader(connection).disk_migrations if app == "messaging"
    )
    assert len(names) > 2
    call_command("migrate", "messaging", names[0], verbosity=0)
    has_index = []
    try:
        for name in names:
            call_command("migrate", "messaging", name, verbosity=0)
            has_index.append("messaging_search" in connection.introspection.table_names())
    finally:
        call_command("migrate", verbosity=0)

    assert has_index == [name == names[-1] for name in names]


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("receiver", [None, 34])
def test_a_message_has_tokens_with_and_without_a_receiver(db, receiver, edited):
    tokens = tokens_of(sender=12, conversation=7, receiver=receiver, edited=edited)

    assert tokens == {"s12", "c7", *(["r34"] if receiver else []), *(["e"] if edited else [])}


def run_python(arguments, seed, **environment):
    """The output of a process whose sets have an order of their own."""
    environment |= {"PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


SHOW_DEFINITIONS = """
import django
django.setup()
from messaging.search import postgresql, sqlite
print(sqlite.definition(), postgresql.VERSION)
"""


def test_every_process_expects_the_same_index():
    """A set has another order in every process: an index from one would differ at each start."""
    definitions = {run_python(["-c", SHOW_DEFINITIONS], seed) for seed in ("1", "2", "3")}

    assert len(definitions) == 1
    assert "CREATE TRIGGER" in definitions.pop()


def test_a_second_start_makes_no_new_index(tmp_path):
    file = tmp_path / "parley.sqlite3"
    migrate = ["manage.py", "migrate", "--verbosity", "0"]
    environment = {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{file}"}

    def schema_version():
        """A number that SQLite raises with every change of a table or trigger."""
        with closing(sqlite3.connect(file)) as database:
            parts = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            assert ("messaging_search_insert",) in parts.fetchall()
            return database.execute("PRAGMA schema_version").fetchone()

    run_python(migrate, "1", **environment)
    after_the_first = schema_version()
    run_python(migrate, "2", **environment)

    assert schema_version() == after_the_first
