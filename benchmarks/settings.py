"""The settings of measured servers: those of Parley, with the URLs of the floor."""

import os
from pathlib import Path

# The .env of a developer must not change what is measured.
os.environ.setdefault("ENV_FILE", os.devnull)
os.environ.setdefault("SECRET_KEY", "a key for measurements, and for nothing else")

from messaging_app.settings import *  # noqa: F403
from messaging_app.settings import ACCOUNT_RATE_LIMITS, env

ROOT_URLCONF = "benchmarks.urls"

# Counted as always, but never reached: one person sends here as much as thousands of people.
ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS | {
    "message_send": "100000/s/user",
    "search": "100000/s/user",
}

# For measurements that start many processes. A server hashes and compresses static files; here they
# are only hashed, because compression would take seconds at every start.
if folder := env.str("BENCHMARK_STATIC", default=""):
    STATIC_ROOT = Path(folder)
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "benchmarks.static_files.HashedOnly"},
    }
