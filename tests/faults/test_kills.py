"""What was acknowledged is there after a kill, exactly once, in order, with its notification."""

import os
import random

from tests.faults.kills import killed
from tests.services_fixture import make_database

KILLS = int(os.environ.get("KILLS", "10"))
CRASHES = int(os.environ.get("CRASHES", "10"))
WRONG = ("lost", "doubled", "unnotified", "disordered", "broken", "broken answers", "unheard")


def seed():
    chosen = int(os.environ.get("FAULTS_SEED") or random.randrange(10**6))  # noqa: S311
    print(f"seed {chosen}")
    return chosen


def check(found):
    print(dict(found))
    assert found["kills"]
    # Each of the eight wrote at each kill.
    assert found["acknowledged"] >= 8 * found["kills"]
    assert not any(found[name] for name in WRONG), dict(found)


def test_nothing_acknowledged_is_lost_when_the_server_is_killed():
    check(killed(KILLS, seed=seed()))


def test_nothing_acknowledged_is_lost_when_postgresql_ends_at_once(postgresql):
    """Like `pg_ctl -m immediate`. Parley has to reconnect by itself."""
    check(killed(CRASHES, seed=seed(), database=postgresql))


def test_nothing_acknowledged_is_lost_when_the_server_of_a_postgresql_is_killed(postgresql):
    check(killed(CRASHES, seed=seed(), DATABASE_URL=make_database(postgresql.address, "killed")))
