"""The programs that some tests need, and where this machine has them.

`python -m scripts.installed_programs` prints a line if some are missing, else nothing. With
REQUIRE_ALL=1 in the environment, a missing program is a failure.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path


def chromium() -> Path | None:
    """The browser as people use it, with a window."""
    return _first("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser() -> Path | None:
    """The browser for tests marked `browser`: the one without a window, if it is installed. It
    takes two thirds of the time.
    """
    return _first("chromium-headless-shell") or chromium()


def _first(*names: str) -> Path | None:
    """The first of these programs that is installed."""
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def postgres_folder() -> Path | None:
    """The folder of the newest PostgreSQL server, with its programs `initdb` and `postgres`."""
    candidates = []
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        candidates.append(Path(answer.stdout.strip()))
    # Debian installs the server outside the PATH, and pg_config in another package.
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(versions, key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    if initdb := shutil.which("initdb"):
        candidates.append(Path(initdb).parent)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    return None


def redis_server() -> Path | None:
    """The server for tests of the shared cache."""
    return _first("redis-server")


def nginx() -> Path | None:
    """The proxy in front of several processes."""
    # Debian installs it in a folder that is only in the PATH of root.
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def strace() -> Path | None:
    """The tracer of system calls, for the test that messages are written to the disk."""
    return _first("strace")


def gettext() -> Path | None:
    """GNU gettext, for the test that everything is translated."""
    found = shutil.which("xgettext") and shutil.which("msgattrib") and shutil.which("msgfmt")
    return Path(found) if found else None


def missing() -> list[str]:
    """The programs that are not installed, and the tests that need them."""
    programs: dict[str, Callable[[], Path | None]] = {
        "Chromium (browser tests)": chromium,
        "PostgreSQL (its share of the database tests)": postgres_folder,
        "GNU gettext (tests of the translations)": gettext,
        "w3m (pages as text)": partial(_first, "w3m"),
        "lynx (pages as text)": partial(_first, "lynx"),
        "npm (axe-core, the HTML checker)": partial(_first, "npm"),
        "Java (the HTML checker)": partial(_first, "java"),
        "redis-server (tests of the shared cache)": redis_server,
        "nginx (tests of several processes behind a proxy)": nginx,
        "strace (the test that messages are on disk)": strace,
    }
    return [name for name, find in programs.items() if find() is None]


def main() -> int:
    """Print what is missing. Returns 1 if something is missing and REQUIRE_ALL=1."""
    names = missing()
    if not names:
        return 0
    print(f"Not installed, so their tests are skipped: {', '.join(names)}.", flush=True)
    return 1 if os.environ.get("REQUIRE_ALL") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
