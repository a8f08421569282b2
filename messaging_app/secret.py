"""The secret key of an installation on SQLite, in a file that only its owner may read."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key


def secret_key_from(folder: Path, *, shared: bool) -> str:
    """The key in the file `secret_key` of `folder`. The first call creates it.

    Raises:
        ImproperlyConfigured: several machines may share the installation (`shared`), and sessions
            of one would be invalid on the others; or `folder` cannot be written.
    """
    if shared:
        raise ImproperlyConfigured(
            "Set SECRET_KEY: with DATABASE_URL, all processes must use the same key."
        )
    path = folder / "secret_key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {error.strerror}."
        ) from error


def _create(path: Path) -> None:
    """Write a new key to `path`, unless another process creates the file first."""
    # The file gets its name when it is complete: a process that starts at the same moment reads the
    # whole key or finds no file. The temporary file is created with mode 0600.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="secret_key.") as file:
        file.write(get_random_secret_key())
        file.flush()
        os.fsync(file.fileno())
        # Unlike a rename, a link never replaces the key that another process has just created.
        with suppress(FileExistsError):
            os.link(file.name, path)
