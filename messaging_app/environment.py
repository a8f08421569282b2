"""Reads and checks environment variables. An error is one sentence that names the variable.

No error repeats the address of a server, because it can hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
TRUE = {"true", "on", "ok", "y", "yes", "1"}
FALSE = {"false", "off", "n", "no", "0"}
DATABASES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}
ESCAPES = "In user names and passwords, write %40 for @, %3A for : and %2F for /."
CACHES = ("redis://", "rediss://", "unix://")
# A scheme, a host that Django accepts in a request, and perhaps a port.
SITE = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


class Environment(environ.Env):
    """django-environ with checks. An empty variable counts as unset.

    Every method that checks a value raises ImproperlyConfigured if it is not valid.
    """

    def text(self, name: str) -> str:
        """The value without spaces around it; "" if unset."""
        return str(self.str(name, default="")).strip()

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """A whole number from `least` to `most`."""
        value = self.text(name)
        if not value:
            return default
        # `int` alone would also accept "1_0" and the digits of other scripts.
        number = int(value) if value.isascii() and value.isdigit() else -1
        if number < least or (most is not None and number > most):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise ImproperlyConfigured(f"{name} must be a whole number {bounds}, not {value!r}.")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """A value such as true or false, yes or no, 1 or 0."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
        return value in TRUE

    def choice(self, name: str, choices: Sequence[str], *, default: str) -> str:
        """One of `choices`, in upper or lower case."""
        value = self.text(name) or default
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        words = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ImproperlyConfigured(f"{name} must be {words}, not {value!r}.")

    def site(self, name: str, *, default: str) -> str:
        """The address of the site: scheme, host and perhaps a port, in lower case."""
        value = (self.text(name) or default).rstrip("/")
        found = SITE.fullmatch(value.lower())
        if not found or int(found["port"] or 0) > 65535:
            raise ImproperlyConfigured(
                f"{name} must be scheme://host or scheme://host:port, for example "
                f"https://chat.example.org, not {value!r}."
            )
        return value.lower()

    def time_zone(self, name: str, *, default: str) -> str:
        """The name of a time zone that this machine knows."""
        value = self.text(name) or default
        try:
            return ZoneInfo(value).key
        except (KeyError, ValueError, OSError) as error:
            raise ImproperlyConfigured(
                f"{name} must be the name of a time zone, for example Europe/Berlin, not {value!r}."
            ) from error

    def database(self, name: str) -> dict[str, Any]:
        """Django's settings for the database with this address; empty if unset."""
        value = self.text(name)
        if not value:
            return {}
        config: dict[str, Any] = {}
        # For an unknown scheme django-environ logs a warning that holds the rest of the address.
        if self.DB_SCHEMES.get(value.partition("://")[0]) in DATABASES:
            with suppress(ValueError):
                config = self.db_url_config(value)
        if not config.get("NAME"):
            raise ImproperlyConfigured(
                f"{name} must be the address of a database, for example "
                f"postgres://user:password@localhost:5432/parley or sqlite:////a/file. {ESCAPES}"
            )
        return config

    def redis(self, name: str) -> str:
        """The address of a Redis server; "" if unset."""
        value = self.text(name)
        if value and not value.startswith(CACHES):
            raise ImproperlyConfigured(
                f"{name} must be the address of a Redis server, for example "
                "redis://localhost:6379/0, rediss:// for TLS, or unix://."
            )
        return value

    def mail(self, name: str) -> dict[str, Any]:
        """Django's settings for the mail server with this address; empty if unset."""
        value = self.text(name)
        if not value:
            return {}
        config: dict[str, Any] = {}
        with suppress(ImproperlyConfigured, ValueError):
            config = self.email_url_config(value)
        if not config or (value.startswith("smtp") and not config["EMAIL_HOST"]):
            raise ImproperlyConfigured(
                f"{name} must be the address of a mail server, for example "
                f"smtp+tls://user:password@mail.example.org:587. {ESCAPES}"
            )
        return config
