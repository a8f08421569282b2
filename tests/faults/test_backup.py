"""Backups while people write, restoring them, and deleted accounts that stay deleted."""

import sqlite3
import threading
from contextlib import closing

from tests.faults.installation import Browser, installation, lost_or_doubled, writing
from tests.services_fixture import make_database

LEAVE = """
import json
from accounts import services
from django.contrib.auth import get_user_model
services.delete_account(get_user_model().objects.get(username="person3"))
print(json.dumps(None))
"""
RENAME = """
import json
from django.contrib.auth import get_user_model
user = get_user_model().objects.get(username="person3")
user.first_name = "Quetzalcoatl Smith"
user.save()
print(json.dumps(None))
"""
LEFT = """
import json
from django.contrib.auth import get_user_model
print(json.dumps(list(get_user_model().objects.order_by("pk").values_list("username", flat=True))))
"""


def test_a_backup_made_while_people_write_restores_everything_but_deleted_accounts():
    with installation() as here:
        browsers = [Browser(here.port, person) for person in here.people(4)]
        here.shell(RENAME)
        here.start()
        assert browsers[3].send("Xylophones at midnight") == 200
        backup = here.folder.parent / "backup"
        with closing(sqlite3.connect(here.database)) as reader:
            # During a long read, new rows stay in the write-ahead log. A copy of the file alone would
            # miss them.
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM messaging_message").fetchone() == (1,)
            until = threading.Event()
            threads = writing(browsers[:2], until)
            until.wait(0.5)
            before = [dict(browser.acknowledged) for browser in browsers]
            here.command("backup", str(backup))
            until.set()
            for thread in threads:
                thread.join()
        for browser in browsers:
            browser.close()
        assert here.command("backup", str(backup), check=False).returncode == 1  # not overwritten
        assert backup.stat().st_mode & 0o077 == 0
        here.shell(LEAVE)

        # After the clean-up no table, file or log holds anything of the deleted account.
        here.command("optimize_search", "-v", "0")
        words = ("person3", "Quetzalcoatl", "Xylophones")
        here.stop()
        gone = here.command("verify_erased", *words, check=False)
        assert gone.returncode == 0, gone.stderr
        assert not [word for word in words if word in here.log.read_text()]

        refused = here.command("restore", str(backup), check=False)
        assert "not empty" in refused.stderr
        for file in here.folder.glob("parley.sqlite3*"):
            file.unlink()
        restored = here.command("restore", str(backup))
        assert "Accounts deleted again: 1." in restored.stdout
        assert here.shell(LEFT) == ["person0", "person1", "person2"]
        here.command("optimize_search", "-v", "0")
        gone = here.command("verify_erased", *words, check=False)
        assert gone.returncode == 0, gone.stderr
        stored = here.stored()
        for browser, acknowledged in zip(browsers[:2], before, strict=False):
            browser.acknowledged = acknowledged
        found = lost_or_doubled(stored, browsers[:2])
        assert found.pop("acknowledged") > 0
        assert not any(found.values()), found

        # Parley works again, and sessions are still valid.
        here.start()
        assert browsers[0].send("Back again") == 200
        browsers[0].close()


def test_a_file_that_is_no_backup_changes_nothing(tmp_path):
    with installation(migrate=False) as here:
        junk = tmp_path / "junk"
        junk.write_bytes(b"no database at all")
        for file in (junk, tmp_path / "nowhere"):
            assert here.command("restore", str(file), check=False).returncode == 1
        assert here.command("backup", str(tmp_path / "no" / "folder"), check=False).returncode == 1
        here.command("migrate", "-v", "0")


def test_a_backup_of_postgresql_is_restored_into_another_database(postgresql, tmp_path):
    backup = tmp_path / "backup"
    with installation(DATABASE_URL=make_database(postgresql.address, "here")) as here:
        browsers = [Browser(here.port, person) for person in here.people(4)]
        here.start()
        for browser in browsers:
            assert browser.send("Good morning") == 200
            browser.close()
        here.command("backup", str(backup))
        here.shell(LEAVE)
        here.environment["DATABASE_URL"] = make_database(postgresql.address, "there")

        restored = here.command("restore", str(backup))

        assert "Accounts deleted again: 1." in restored.stdout
        assert here.shell(LEFT) == ["person0", "person1", "person2"]
        found = lost_or_doubled(here.stored(), browsers[:2])
        assert found.pop("acknowledged") == 2
        assert not any(found.values()), found
        assert here.command("restore", str(backup), check=False).returncode == 1
