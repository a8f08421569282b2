"""What was acknowledged is there after a kill, exactly once, in order, with its notification."""

import random

from tests.faults.kills import killed

KILLS = 10


def test_nothing_acknowledged_is_lost_when_the_server_is_killed():
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")

    found = killed(KILLS, seed=seed)

    assert found["kills"] == KILLS
    assert found["acknowledged"] > KILLS
    wrong = {name: found[name] for name in ("lost", "doubled", "untold", "disordered", "broken")}
    assert not any(wrong.values()), dict(found)
