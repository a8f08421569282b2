"""What this machine has of the programs that some tests need.

`python -m scripts.what_is_here` prints a line about what is missing, or nothing; with
REQUIRE_ALL=1 in the environment something missing is a failure.
"""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path


def chromium() -> Path | None:
    """The browser that people have."""
    return _first("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser() -> Path | None:
    """The browser for tests marked `browser`: where it is installed, the one that has no window to
    draw, which takes two thirds of the time.
    """
    return _first("chromium-headless-shell") or chromium()


def _first(*names: str) -> Path | None:
    """The first of these programs that is here."""
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def postgres_folder() -> Path | None:
    """The folder with PostgreSQL's server programs, `initdb` and `postgres`; the newest one."""
    candidates = []
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        candidates.append(Path(answer.stdout.strip()))
    # Debian installs the server outside the PATH, and pg_config with another package.
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
    # Debian keeps it where only administrators look.
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def strace() -> Path | None:
    """What tells which calls of the system a process makes: for the test of syncs."""
    return _first("strace")


def gettext() -> Path | None:
    """GNU gettext, for the test that everything is translated."""
    found = shutil.which("xgettext") and shutil.which("msgattrib") and shutil.which("msgfmt")
    return Path(found) if found else None


def missing() -> list[str]:
    """Names of what was not found, in the order in which the tests are told."""
    parts = {
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
    return [name for name, find in parts.items() if find() is None]


def main() -> int:
    """Tell what is missing; 1 if that must not be."""
    names = missing()
    if not names:
        return 0
    print(f"Left out, not found on this machine: {', '.join(names)}.", flush=True)
    return 1 if os.environ.get("REQUIRE_ALL") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
