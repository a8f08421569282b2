"""Formats and filters of the log, which never holds what people wrote."""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

# The id of the request that is being answered; empty outside of a request.
request_id: ContextVar[str] = ContextVar("request_id", default="")

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class AddRequestId(logging.Filter):
    """Adds the id of the current request to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class RemoveTokens(logging.Filter):
    """Replaces the arguments of a request's address in Django's log messages by "…".

    A one-time link holds its token there, and an unused token lets its holder in.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        values = match.kwargs.values() if match else []
        secrets = [value for value in values if value and isinstance(value, str)]
        if secrets:
            message = record.getMessage()
            for secret in secrets:
                message = message.replace(secret, "…")
            record.msg, record.args = message, ()
        return True


def describe_error(info: ErrorInfo) -> str:
    """The type and the place of an error and of its causes, a line each, without their texts.

    The text of a database error can hold a refused row, and so the text of a message; the text of
    a mail server's error holds addresses.
    """
    lines: list[str] = []
    error: BaseException | None = info[1]
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            lines.append("while handling")
        error = cause
    return "\n".join(lines)


class DiscreetFormatter(logging.Formatter):
    """Plain lines that end with the record's `fields`. Errors are shown by `describe_error`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the name is logging's)
        fields = getattr(record, "fields", {})
        return " ".join([super().formatMessage(record), *(f"{k}={v}" for k, v in fields.items())])

    def formatException(  # noqa: N802  (the name is logging's)
        self, ei: ErrorInfo | tuple[None, None, None]
    ) -> str:
        return describe_error(ei) if ei[1] else ""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, and the record's `fields`.

    Inside a request it also has `request_id`, and for an exception `error`.
    """

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := getattr(record, "request_id", ""):
            entry["request_id"] = identifier
        entry |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            entry["error"] = describe_error(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)
