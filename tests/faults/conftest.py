import os

import pytest

from tests.chats.conftest import as_stranger, mine, theirs
from tests.services_fixture import NotHere, restartable_postgres

__all__ = ["as_stranger", "mine", "theirs"]


@pytest.fixture
def postgresql():
    """A PostgreSQL server that syncs its commits to disk and that the test can crash."""
    try:
        with restartable_postgres(durable=True) as server:
            yield server
    except NotHere as missing:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"{missing} is not here.")
