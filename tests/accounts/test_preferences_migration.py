"""Preferences move from mailboxes into a table of their own, and back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.factories import UserFactory

BEFORE = [("accounts", "0001_initial"), ("messaging", "0006_deleted_accounts")]
AFTER = [("accounts", "0003_copy_preferences"), ("messaging", "0007_preferences_moved")]
CHOSEN = {
    "theme": "dark",
    "time_zone": "Asia/Tokyo",
    "mail": "later",
    "language": "ar",
    "read_on_sight": False,
    "single_keys": False,
}


def migrate(targets):
    """The models of the apps after these migrations."""
    executor = MigrationExecutor(connection)
    return executor.migrate(targets).apps


@pytest.fixture
def everything_migrated(transactional_db):
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.db
@pytest.mark.usefixtures("everything_migrated")
def test_preferences_survive_the_upgrade_and_the_way_back(ana, ben):
    without_a_mailbox = UserFactory()
    mailboxes = migrate(BEFORE).get_model("messaging", "Mailbox").objects
    mailboxes.filter(user=ana.pk).update(version=7, **CHOSEN)
    mailboxes.filter(user=without_a_mailbox.pk).delete()
    defaults = mailboxes.values(*CHOSEN).get(user=ben.pk)
    assert not CHOSEN.items() & defaults.items()

    preferences = migrate(AFTER).get_model("accounts", "Preferences").objects
    assert preferences.values(*CHOSEN).get(user=ana.pk) == CHOSEN
    assert preferences.values(*CHOSEN).get(user=ben.pk) == defaults
    assert preferences.count() == 2
    preferences.create(user_id=without_a_mailbox.pk, theme="light")

    mailboxes = migrate(BEFORE).get_model("messaging", "Mailbox").objects
    assert mailboxes.values("version", *CHOSEN).get(user=ana.pk) == {"version": 7, **CHOSEN}
    assert mailboxes.values(*CHOSEN).get(user=ben.pk) == defaults
    assert mailboxes.get(user=without_a_mailbox.pk).theme == "light"


@pytest.mark.usefixtures("everything_migrated")
def test_more_people_than_one_batch_keep_their_preferences(db, monkeypatch):
    people = UserFactory.create_batch(5)
    monkeypatch.setattr("accounts.migrations.0003_copy_preferences.BATCH", 2)
    mailboxes = migrate(BEFORE).get_model("messaging", "Mailbox").objects
    mailboxes.update(theme="dark")
    assert mailboxes.count() == 5

    preferences = migrate(AFTER).get_model("accounts", "Preferences").objects

    assert preferences.filter(theme="dark").count() == len(people)
