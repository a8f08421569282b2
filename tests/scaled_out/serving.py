"""Settings of the processes: as in production, but people are quick here, and files uncompressed."""

from messaging_app.settings import *  # noqa: F403
from messaging_app.settings import STORAGES

ACCOUNT_RATE_LIMITS = {}
# Compressing takes seconds that say nothing about several processes.
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
