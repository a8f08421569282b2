"""Settings of the servers of these tests: those of Parley, with higher rate limits."""

from messaging_app.settings import *  # noqa: F403

ACCOUNT_RATE_LIMITS = {"message_send": "1000000/m/user", "search": "1000000/m/user"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
