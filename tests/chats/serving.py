"""Settings of server processes that tests start: they share the database of the tests."""

import os

from messaging_app.settings import *  # noqa: F403
from messaging_app.settings import DATABASES, STORAGES

DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
ACCOUNT_RATE_LIMITS = {}  # twenty people are quick here
