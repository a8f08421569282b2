"""The index stands as the code expects it, or says so; what was deleted leaves it."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from messaging.models import Message
from messaging.search import index_of, keep_index
from messaging.search.index import check_index
from tests.factories import MessageFactory
from tests.search.finding import found, words_in_index

pytestmark = pytest.mark.db


def lose_a_trigger():
    index_of(connection).drop_triggers(connection)


def test_a_sound_index_is_left_alone(ana, message):
    assert keep_index() is False
    assert run_checks(databases=["default"], tags=["database"]) == []


def test_a_lost_trigger_is_told_and_made_again(ana, ben):
    lose_a_trigger()
    MessageFactory(sender=ana, receiver=ben, content="written meanwhile")
    assert found(ana, "meanwhile") == []

    (told,) = check_index(databases=["default"])
    assert told.id == "messaging.W001"
    call_command("migrate", verbosity=0, skip_checks=False, stderr=io.StringIO())

    assert found(ana, "meanwhile") == ["written meanwhile"]
    assert check_index(databases=["default"]) == []


def test_migrate_can_be_undone_and_done_again(transactional_db, ana_after):
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("messaging", "0001_initial")])
        assert not index_of(connection).exists(connection)
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
    """On SQLite Django makes a new table for it, and the triggers go with the old one."""
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
    """What SQLite has written; of PostgreSQL the files are not ours to read."""
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

    assert "tidy" in out.getvalue()
    assert "xylographquintessence" not in words_in_index()
    assert not any(b"xylograph" in file for file in files_on_disk())
    assert len(found(ana, "ordinary")) == 21


def test_the_index_can_be_made_anew(transactional_db, ana_after):
    call_command("optimize_search", rebuild=True, verbosity=0)

    assert found(ana_after, "morning") == ["Good morning, Ben"]


def test_a_new_database_has_its_index_from_the_first_migrate(transactional_db, ana_after):
    index_of(connection).drop(connection)
    assert found_nothing_is_there()

    call_command("migrate", verbosity=0)

    assert check_index(databases=["default"]) == []
    assert found(ana_after, "morning") == ["Good morning, Ben"]


def found_nothing_is_there():
    return not index_of(connection).exists(connection)


WHAT_IS_WANTED = """
import django
django.setup()
from messaging.search import postgresql, sqlite
print(sqlite._wanted(), postgresql._VERSION)
"""


def test_every_process_expects_the_same_index():
    """Python orders a set anew in every process: an index made from one was made at each start."""
    wanted = {
        subprocess.run(
            [sys.executable, "-c", WHAT_IS_WANTED],
            env=os.environ | {"PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            cwd=settings.BASE_DIR,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(wanted) == 1
    assert "CREATE TRIGGER" in wanted.pop()
