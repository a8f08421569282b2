"""Connections to PostgreSQL that do not come from Django's pool."""

from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

CONNECT_TIMEOUT = 5  # seconds


def parameters() -> dict[str, Any]:
    """The arguments for `psycopg.connect`, in autocommit mode."""
    all_parameters = connections["default"].get_connection_params()
    of_pool = {"cursor_factory", "context", "prepare_threshold", "pool"}
    return {name: value for name, value in all_parameters.items() if name not in of_pool} | {
        "autocommit": True,
        "connect_timeout": CONNECT_TIMEOUT,
    }


def check_connection() -> None:
    """Connect once to the database, if it is PostgreSQL: a pool would not tell why it failed.

    Raises:
        ImproperlyConfigured: the database does not answer. The text holds the reason that
            PostgreSQL gives.
    """
    if connections["default"].vendor != "postgresql":
        return
    try:
        psycopg.connect(**parameters()).close()
    except psycopg.Error as error:
        # Only the first line: the others repeat it for each address of the host, or ask whether a
        # server is running there.
        reason = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
        raise ImproperlyConfigured(
            f"The database that DATABASE_URL names cannot be used: {reason.rstrip('.')}."
        ) from error
