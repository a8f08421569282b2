"""A copy of the database while people write, and the way back from it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection, connections


class BackupFailed(Exception):
    """It could not be made, or it is none; says why."""


def back_up(file: Path) -> None:
    """Copy the whole database into `file`, which must not be there yet.

    What was acknowledged before this began is in it. Nobody has to stop writing. The file appears
    under its name when it is whole and on disk, and only its owner may read it.

    Raises:
        BackupFailed: there is such a file already, or it cannot be written.
    """
    if file.exists():
        raise BackupFailed(f"{file} is there already, and is not overwritten.")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
            partial = Path(folder) / "copy"
            partial.touch(mode=0o600)
            _copy_to(partial)
            with partial.open("rb") as whole:
                os.fsync(whole.fileno())
            # A link, unlike a rename, never replaces what somebody has just made.
            os.link(partial, file)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written: {error.strerror}.") from error


def bring_back(file: Path) -> None:
    """Fill the database, which must be empty, from `file`.

    Raises:
        BackupFailed: there is no such backup, or the database is not empty.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    if connection.introspection.table_names():
        raise BackupFailed("The database is not empty. Restore into an empty one, then switch.")
    _copy_from(file)


def _copy_to(partial: Path) -> None:
    if connection.vendor == "sqlite":
        # Through a line of its own: what a transaction here has not committed is in no backup. In
        # one step: readers keep nobody from writing, and a copy in steps begins anew at each write.
        with (
            closing(sqlite3.connect(_database())) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
        return
    _run("pg_dump", "--format=custom", "--no-owner", "--file", str(partial))


def _copy_from(file: Path) -> None:
    if connection.vendor == "sqlite":
        with file.open("rb") as backup:
            if backup.read(16) != b"SQLite format 3\0":
                raise BackupFailed(f"{file} is no backup of a SQLite database.")
        connections.close_all()
        with (
            closing(sqlite3.connect(file)) as source,
            closing(sqlite3.connect(_database())) as copy,
        ):
            source.backup(copy)
        return
    _run(
        "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file), into=True
    )


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _run(program: str, *arguments: str, into: bool = False) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(f"{program} is not installed; it comes with PostgreSQL's client.")
    given: dict[str, Any] = connection.get_connection_params()
    # The password goes by the environment: arguments are for everybody on the machine to read.
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    environment = {name: str(given[key]) for key, name in names.items() if given.get(key)}
    place = ["--dbname", str(given["dbname"])]
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL's, with our own arguments
        [found, *place, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip()}")
