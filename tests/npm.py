"""Checkers that come as npm packages: fetched when a test asks, and never installed."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest


def missing(what: str) -> None:
    """Leave the test out, unless nothing may be."""
    (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(what)


def file_of(package: str, member: str, folder: Path) -> Path:
    """A file of a package, as its publisher packed it, put into `folder`."""
    npm = shutil.which("npm")
    if npm is None:
        missing(f"npm is not installed: it brings {package}.")
    answer = subprocess.run(
        [npm, "pack", "--silent", package],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if answer.returncode:
        missing(f"npm could not fetch {package}: {answer.stderr}")
    with tarfile.open(folder / answer.stdout.split()[-1]) as archive:
        archive.extract(f"package/{member}", folder, filter="data")
    return folder / "package" / member
