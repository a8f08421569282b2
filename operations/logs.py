"""What is written to the log: one JSON object a line, and never what people wrote."""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

# The id of the request that this thread is answering; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

Failure = tuple[type[BaseException], BaseException, TracebackType | None]


class WithRequestId(logging.Filter):
    """Gives each record the id of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class WithoutTokens(logging.Filter):
    """Takes the words of a request's address out of what Django says about it: one-time links hold
    their token there, which is as good as a password until it has been used.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        match = getattr(getattr(record, "request", None), "resolver_match", None)
        words = [word for word in match.kwargs.values() if isinstance(word, str)] if match else []
        if any(words):
            said = record.getMessage()
            for word in filter(None, words):
                said = said.replace(word, "…")
            record.msg, record.args = said, ()
        return True


def where(failure: Failure) -> str:
    """Which error it was and where, without the words of the error itself.

    A database names the row that it refuses, and with it the text of a message; a mail server
    names addresses.
    """
    lines: list[str] = []
    error: BaseException | None = failure[1]
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
    """Plain lines, with the record's `fields` at their end, and errors as `where` tells them."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the name is logging's)
        fields = getattr(record, "fields", {})
        return " ".join([super().formatMessage(record), *(f"{k}={v}" for k, v in fields.items())])

    def formatException(  # noqa: N802  (the name is logging's)
        self, ei: Failure | tuple[None, None, None]
    ) -> str:
        return where(ei) if ei[1] else ""


class JsonFormatter(logging.Formatter):
    """An object a line: `time` (UTC), `level`, `logger`, `message`; `request_id` inside of a
    request, `error` for what was raised, and whatever the record brings as `fields`.
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
            entry["error"] = where(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)
