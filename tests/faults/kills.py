"""kill -9 at random moments under eight writing people, and the same for PostgreSQL itself."""

import random
import threading
from collections import Counter

from tests.faults.house import Browser, house, lost_or_doubled, writing

WRITERS = 8


def killed(
    times: int, *, seed: int, at: float = 0.4, meanwhile=None, **environment: str
) -> Counter:
    """How it went: the server killed `times` times, after up to `at` seconds of writing each.

    `meanwhile` is called with the house instead of killing the server, if it is given.
    """
    chance = random.Random(seed)  # noqa: S311
    with house(**environment) as here:
        people = here.people(WRITERS)
        browsers = [Browser(here.port, person) for person in people]
        here.start()
        found: Counter = Counter()
        for _time in range(times):
            until = threading.Event()
            threads = writing(browsers, until)
            until.wait(chance.uniform(0.02, at))
            if meanwhile:
                meanwhile(here)
            else:
                here.kill()
                here.start()
            # Everybody goes on as soon as the server is back.
            until.wait(chance.uniform(0.02, at / 2))
            until.set()
            for thread in threads:
                thread.join()
            found["kills"] += 1
        here.kill()
        found.update(lost_or_doubled(here.stored(), browsers))
        found["errors"] = sum(status >= 500 for one in browsers for status in one.refused)
        return found
