"""Settings of the test run: a folder of its own, a quick hasher, and a database file."""

import os
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="parley-tests-"))
os.environ["ENV_FILE"] = str(_folder / "none")  # a developer's own .env must not decide
os.environ["DATA_DIR"] = str(_folder)
os.environ["SECRET_KEY"] = "a key for tests, and for nothing else"

os.environ["LOG_LEVEL"] = "DEBUG"  # all that could be logged: `discretion.py` listens to it

# Each worker empties its cache after each test, and so needs one of its own.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
if os.environ.get("CACHE_URL", "").endswith("/0"):
    os.environ["CACHE_URL"] = os.environ["CACHE_URL"][:-1] + _worker

from messaging_app.settings import *  # noqa: E402, F403
from messaging_app.settings import DATABASES, LOGGING, STORAGES  # noqa: E402

# A file, not memory: in-memory SQLite ignores the lock time-out, and tests of two writers lie.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": _folder / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON;"
    )

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

LOGGING["handlers"]["console"]["level"] = "WARNING"
LOGGING["handlers"]["listening"] = {
    "class": "tests.discretion.Listening",
    "formatter": "json",
    "filters": LOGGING["handlers"]["console"]["filters"],
}
LOGGING["root"]["handlers"] += ["listening"]
# Who makes people up for tests has much to say, and is on no site.
LOGGING["loggers"] |= {"faker": {"level": "WARNING"}, "factory": {"level": "WARNING"}}
