"""How many SQL statements something takes, as the budgets of docs/performance.md count them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

NOT_COUNTED = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "COMMIT", "ROLLBACK")


@contextmanager
def at_most(limit: int) -> Iterator[CaptureQueriesContext]:
    """Fail when the block takes more than `limit` statements, and show them."""
    with CaptureQueriesContext(connection) as captured:
        yield captured
    counted = statements(captured)
    shown = "\n".join(counted)
    assert len(counted) <= limit, f"{len(counted)} statements, not {limit}:\n{shown}"


def statements(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured if not query["sql"].startswith(NOT_COUNTED)]
