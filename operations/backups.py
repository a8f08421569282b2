"""Makes a backup of the database while people write, and restores it."""

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
    """A backup could not be made or restored. The text says why."""


def back_up(file: Path) -> None:
    """Copy the whole database into `file`, which must not exist yet.

    The backup holds everything that was acknowledged before the call. Nobody has to stop writing.
    The file gets its name when it is complete and on disk. Only its owner may read it.

    Raises:
        BackupFailed: the file exists, or cannot be written, or pg_dump failed.
    """
    if file.exists():
        raise BackupFailed(f"{file} already exists and was not overwritten.")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as folder:
            partial = Path(folder) / "copy"
            partial.touch(mode=0o600)
            _copy_to(partial)
            with partial.open("rb") as complete:
                os.fsync(complete.fileno())
            # Unlike a rename, a link never replaces a file that was created meanwhile.
            os.link(partial, file)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written: {error.strerror}.") from error


def restore(file: Path) -> None:
    """Copy the backup in `file` into the database, which must be empty.

    Raises:
        BackupFailed: `file` does not exist or is no backup, the database is not empty, or
            pg_restore failed.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    if connection.introspection.table_names():
        raise BackupFailed("The database is not empty. Restore into an empty one, then switch.")
    _copy_from(file)


def _copy_to(partial: Path) -> None:
    if connection.vendor == "sqlite":
        # A connection of its own sees only committed data. The copy is one step: a reader blocks no
        # writer, and a copy in steps starts again after each write.
        with (
            closing(sqlite3.connect(_sqlite_file())) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
        return
    _run("pg_dump", "--format=custom", "--no-owner", "--file", str(partial))


def _copy_from(file: Path) -> None:
    if connection.vendor == "sqlite":
        with file.open("rb") as backup:
            if backup.read(16) != b"SQLite format 3\0":
                raise BackupFailed(f"{file} is not a backup of a SQLite database.")
        connections.close_all()
        with (
            closing(sqlite3.connect(file)) as source,
            closing(sqlite3.connect(_sqlite_file())) as copy,
        ):
            source.backup(copy)
        return
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file))


def _sqlite_file() -> str:
    return str(connection.settings_dict["NAME"])


def _run(program: str, *arguments: str) -> None:
    """Run a client program of PostgreSQL on our database."""
    found = shutil.which(program)
    if found is None:
        raise BackupFailed(f"{program} is not installed. It is part of the PostgreSQL client.")
    parameters: dict[str, Any] = connection.get_connection_params()
    # The password is passed in the environment: every user of the machine can read arguments.
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    environment = {name: str(parameters[key]) for key, name in names.items() if parameters.get(key)}
    database = ["--dbname", str(parameters["dbname"])]
    finished = subprocess.run(  # noqa: S603 - a program of PostgreSQL with our own arguments
        [found, *database, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise BackupFailed(f"{program} failed: {finished.stderr.strip()}")
