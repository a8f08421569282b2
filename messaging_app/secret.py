"""The secret key of an embedded installation: made once, kept in a file only its owner reads."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key


def secret_key_from(folder: Path, *, shared: bool) -> str:
    """The key in `folder`/secret_key, made on the first call.

    Raises:
        ImproperlyConfigured: the installation is `shared` by several machines, so a key made
            on one of them would sign the others' sessions out; or `folder` cannot be written.
    """
    if shared:
        raise ImproperlyConfigured(
            "Set SECRET_KEY: with DATABASE_URL, all processes must share one."
        )
    path = folder / "secret_key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {error.strerror}."
        ) from error


def _make(path: Path) -> None:
    """Write a new key to `path`, unless another process is quicker."""
    # The key appears under its name whole: a process that starts at the same moment reads all of
    # it or nothing. The temporary file is born with mode 0600.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="secret_key.") as file:
        file.write(get_random_secret_key())
        file.flush()
        os.fsync(file.fileno())
        # A link, unlike a rename, never replaces the key that somebody else has just made.
        with suppress(FileExistsError):
            os.link(file.name, path)
