"""kill -9 at random moments under eight writing people, and the same for PostgreSQL itself."""

import random
import threading
import time
from collections import Counter

from tests.faults.installation import PATIENCE, Browser, installation, lost_or_doubled, writing
from tests.faults.rounds import report, rounds
from tests.services_fixture import Server, make_database

WRITERS = 8


def killed(times: int, *, seed: int, database: Server | None = None, **environment: str) -> Counter:
    """Kill the server `times` times while eight people write. Returns the numbers of faults.

    With `database`, that PostgreSQL server is crashed and started again instead, and Parley has to
    reconnect by itself.
    """
    chance = random.Random(seed)  # noqa: S311
    if database:
        environment["DATABASE_URL"] = make_database(database.address, "crashed")
    with installation(**environment) as here:
        people = here.people(WRITERS)
        browsers = [Browser(here.port, person) for person in people]
        here.start()
        found: Counter = Counter()
        for _time in rounds(times):
            until = threading.Event()
            threads = writing(browsers, until)
            _let_write(browsers, chance.randrange(25))
            until.wait(chance.uniform(0, 0.03))  # at a random moment of a request
            if database:
                database.crash()
            else:
                here.kill()
                here.start()
            # Every thread now sends its interrupted message successfully.
            until.set()
            for thread in threads:
                thread.join()
            found["kills"] += 1
        here.kill()
        found.update(lost_or_doubled(here.stored(), browsers))
        report(held=found["acknowledged"])
        found["unheard"] = sum(len(browser.unheard) for browser in browsers)
        refused = [status for one in browsers for status in one.refused]
        found["errors"] = sum(status >= 500 for status in refused)
        # While its database is away, a server can only answer 503.
        found["broken answers"] = found["errors"] - refused.count(503) * bool(database)
        return found


def _let_write(browsers: list[Browser], number: int) -> None:
    """Wait until `number` more messages are acknowledged. This does not depend on the machine."""
    before, end = _acknowledged(browsers), time.monotonic() + PATIENCE
    while _acknowledged(browsers) < before + number:
        assert time.monotonic() < end
        time.sleep(0.001)


def _acknowledged(browsers: list[Browser]) -> int:
    return sum(len(browser.acknowledged) for browser in browsers)
