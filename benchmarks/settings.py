"""Settings of the server that is measured: those of Parley, with a floor beside its pages."""

import os
from pathlib import Path

# A developer's own .env must not decide what is measured.
os.environ.setdefault("ENV_FILE", os.devnull)
os.environ.setdefault("SECRET_KEY", "a key for measurements, and for nothing else")

from messaging_app.settings import *  # noqa: F403
from messaging_app.settings import ACCOUNT_RATE_LIMITS, env

ROOT_URLCONF = "benchmarks.urls"

# Counted as ever, and never reached: one person sends here what thousands would.
ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS | {
    "message_send": "100000/s/user",
    "search": "100000/s/user",
}

# Measured without a server: files are hashed there as here, compressing them would only take
# time at every start.
if folder := env.str("BENCHMARK_STATIC", default=""):
    STATIC_ROOT = Path(folder)
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "benchmarks.static_files.HashedOnly"},
    }
