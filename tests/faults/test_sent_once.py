"""Two processes get the same send at once, as after a double click through a proxy: one message.

SENDS says how often.
"""

import os
import threading
from collections import Counter
from uuid import uuid4

from tests.faults.installation import Browser, installation, lost_or_doubled
from tests.faults.rounds import report, rounds

SENDS = int(os.environ.get("SENDS", "20"))


def at_once(browsers, content, key):
    """Send the text from all of `browsers` at once. Returns the statuses."""
    start, statuses = threading.Barrier(len(browsers)), []

    def send(browser):
        start.wait()
        statuses.append(browser.send(content, key))

    threads = [threading.Thread(target=send, args=[browser]) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_what_two_processes_are_sent_at_once_is_one_message():
    # `make faults` may set DATABASE_URL. The default is SQLite.
    address = os.environ.get("DATABASE_URL", "")
    with (
        installation(**({"DATABASE_URL": address} if address else {})) as here,
        here.another() as there,
    ):
        person = here.people(2)[0]
        for one in (here, there):
            one.start()
        browsers = [Browser(one.port, person) for one in (here, there) for _window in range(2)]
        statuses = Counter()
        for number in rounds(SENDS):
            key = str(uuid4())
            statuses.update(at_once(browsers, f"Sent by a double click, {number}", key))
            # From a page that one came back to, with something else in it by now.
            refused = browsers[number % 4].ask(
                "POST",
                f"/c/{person['conversation']}/send/",
                {"content": f"Another text, {number}", "client_key": key},
            )
            statuses.update([refused[0]])
            assert f"Another text, {number}</textarea>" in refused[1]
            report(held=number + 1)
        for browser in browsers:
            browser.close()
        here.kill()
        stored = here.stored()
        found = lost_or_doubled(stored, browsers[:1])

    assert set(statuses) == {200, 409}
    assert statuses[200] == 4 * statuses[409]
    assert len(stored["messages"]) == found.pop("acknowledged") == statuses[409]
    assert not any(found.values()), found
