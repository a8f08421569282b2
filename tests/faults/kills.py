"""kill -9 at random moments under eight writing people, and the same for PostgreSQL itself."""

import random
import threading
import time
from collections import Counter

from tests.faults.house import PATIENCE, Browser, house, lost_or_doubled, writing
from tests.faults.rounds import rounds, tell
from tests.services_fixture import Server, make_database

WRITERS = 8


def killed(times: int, *, seed: int, database: Server | None = None, **environment: str) -> Counter:
    """How it went: the server killed `times` times, each while eight people write.

    With `database`, it is that PostgreSQL that ends at once and comes again, and Parley that has
    to go on by itself.
    """
    chance = random.Random(seed)  # noqa: S311
    if database:
        environment["DATABASE_URL"] = make_database(database.address, "crashed")
    with house(**environment) as here:
        people = here.people(WRITERS)
        browsers = [Browser(here.port, person) for person in people]
        here.start()
        found: Counter = Counter()
        for _time in rounds(times):
            until = threading.Event()
            threads = writing(browsers, until)
            _let_write(browsers, chance.randrange(25))
            until.wait(chance.uniform(0, 0.03))  # into the middle of whatever
            if database:
                database.crash()
            else:
                here.kill()
                here.start()
            # Whoever was interrupted is heard now, each with what they had begun to send.
            until.set()
            for thread in threads:
                thread.join()
            found["kills"] += 1
        here.kill()
        found.update(lost_or_doubled(here.stored(), browsers))
        tell(held=found["acknowledged"])
        found["unheard"] = sum(len(browser.unheard) for browser in browsers)
        refused = [status for one in browsers for status in one.refused]
        found["errors"] = sum(status >= 500 for status in refused)
        # While its database is away, a server can but say so.
        found["broken answers"] = found["errors"] - refused.count(503) * bool(database)
        return found


def _let_write(browsers: list[Browser], number: int) -> None:
    """Back when so many more messages are taken: a moment that is not another on a busy machine."""
    before, end = _taken(browsers), time.monotonic() + PATIENCE
    while _taken(browsers) < before + number:
        assert time.monotonic() < end
        time.sleep(0.001)


def _taken(browsers: list[Browser]) -> int:
    return sum(len(browser.acknowledged) for browser in browsers)
