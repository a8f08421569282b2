"""The settings as somebody would run them for others are what Django itself calls safe."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

PRODUCTION = {
    "SITE_URL": "https://parley.example",
    "SECRET_KEY": "made for this test alone, long enough, and with 0123456789 for variety",
}


def manage(tmp_path, *arguments, **environment):
    return subprocess.run(
        [sys.executable, settings.BASE_DIR / "manage.py", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_said_against_the_settings_of_a_site(tmp_path):
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("off", [{"SITE_URL": "http://parley.example"}, {"DEBUG": "1"}])
def test_what_is_not_safe_is_said(tmp_path, off):
    """The check can fail: it looks at the settings that we made."""
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **(PRODUCTION | off))

    assert done.returncode == 1
