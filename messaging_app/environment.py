"""What the environment says of an installation. What cannot be is refused, in a sentence that names it.

None of them repeats the address of a server: there is a password in it.
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
ESCAPES = "In names and passwords write %40 for @, %3A for : and %2F for /."
CACHES = ("redis://", "rediss://", "unix://")
# A host as Django takes it from a request, and a port.
SITE = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


class Environment(environ.Env):
    """django-environ, with bounds. A variable that is empty counts as left out.

    Every method raises ImproperlyConfigured for what cannot be.
    """

    def said(self, name: str) -> str:
        return str(self.str(name, default="")).strip()

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        said = self.said(name)
        if not said:
            return default
        # Python would read "1_0" too, and the digits of every script.
        number = int(said) if said.isascii() and said.isdigit() else -1
        if number < least or (most is not None and number > most):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise ImproperlyConfigured(f"{name} is a whole number {bounds}, not {said!r}.")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        said = self.said(name).lower()
        if not said:
            return default
        if said not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} is true or false, not {said!r}.")
        return said in TRUE

    def choice(self, name: str, choices: Sequence[str], *, default: str) -> str:
        """One of `choices`, in large letters or small."""
        said = self.said(name) or default
        for choice in choices:
            if choice.lower() == said.lower():
                return choice
        words = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise ImproperlyConfigured(f"{name} is {words}, not {said!r}.")

    def site(self, name: str, *, default: str) -> str:
        """The address of the site, as browsers write it: scheme, host, perhaps a port."""
        said = (self.said(name) or default).rstrip("/")
        found = SITE.fullmatch(said.lower())
        if not found or int(found["port"] or 0) > 65535:
            raise ImproperlyConfigured(
                f"{name} is the address that people type: http:// or https:// and a name, with "
                f"nothing after it but a port, as https://chat.example.org; not {said!r}."
            )
        return said.lower()

    def time_zone(self, name: str, *, default: str) -> str:
        said = self.said(name) or default
        try:
            return ZoneInfo(said).key
        except (KeyError, ValueError, OSError) as error:
            raise ImproperlyConfigured(
                f"{name} is the name of one, as Europe/Berlin; not {said!r}."
            ) from error

    def database(self, name: str) -> dict[str, Any]:
        """Django's settings for it; nothing if nothing is said."""
        said = self.said(name)
        if not said:
            return {}
        config: dict[str, Any] = {}
        # Of a scheme that it does not know, django-environ warns with all the rest of the address.
        if self.DB_SCHEMES.get(said.partition("://")[0]) in DATABASES:
            with suppress(ValueError):
                config = self.db_url_config(said)
        if not config.get("NAME"):
            raise ImproperlyConfigured(
                f"{name} is the address of a PostgreSQL, as "
                f"postgres://user:password@localhost:5432/parley, or sqlite:// and a file. {ESCAPES}"
            )
        return config

    def redis(self, name: str) -> str:
        """The address of a Redis; nothing if nothing is said."""
        said = self.said(name)
        if said and not said.startswith(CACHES):
            raise ImproperlyConfigured(
                f"{name} is the address of a Redis, as redis://localhost:6379/0; there is "
                "rediss:// too, for TLS, and unix://."
            )
        return said

    def mail(self, name: str) -> dict[str, Any]:
        """Django's settings for a mail server; nothing if nothing is said."""
        said = self.said(name)
        if not said:
            return {}
        config: dict[str, Any] = {}
        with suppress(ImproperlyConfigured, ValueError):
            config = self.email_url_config(said)
        if not config or (said.startswith("smtp") and not config["EMAIL_HOST"]):
            raise ImproperlyConfigured(
                f"{name} is the address of a mail server, as "
                f"smtp+tls://user:password@mail.example.org:587. {ESCAPES}"
            )
        return config
