"""PostgreSQL without Django's pool: for whoever wants one connection of their own, or an answer."""

from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

PATIENCE = 5  # seconds that it may take to connect


def parameters() -> dict[str, Any]:
    """What psycopg connects with."""
    known = connections["default"].get_connection_params()
    of_the_pool = {"cursor_factory", "context", "prepare_threshold", "pool"}
    return {name: value for name, value in known.items() if name not in of_the_pool} | {
        "autocommit": True,
        "connect_timeout": PATIENCE,
    }


def ask() -> None:
    """Back if the database answers, whichever it is; a pool would only say that it waited.

    Raises:
        ImproperlyConfigured: it does not; with PostgreSQL's own words for why.
    """
    if connections["default"].vendor != "postgresql":
        return
    try:
        psycopg.connect(**parameters()).close()
    except psycopg.Error as error:
        # The first of several lines: the others repeat it for every address of the host, or ask
        # whether a server is running there.
        reason = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
        raise ImproperlyConfigured(
            f"The database that DATABASE_URL names cannot be used: {reason.rstrip('.')}."
        ) from error
