"""A connection that breaks or stalls during a message: nothing is stored, nobody else waits."""

from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlencode
from uuid import uuid4

from operations.server.application import THREADS
from tests.faults.installation import CSRF, PATIENCE, Browser, installation

LONG = "The beginning of it. " + "And more of it. " * 300 + "The end of it."


class Slow:
    """A connection on which all of a message but its last twenty bytes was sent."""

    def __init__(self, port, person, content):
        self.key = str(uuid4())
        # The key comes first, so the part that was sent has a key and a text that could be stored.
        body = urlencode({"client_key": self.key, "content": content}).encode()
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.connection.putrequest("POST", f"/c/{person['conversation']}/send/")
        for name, value in headers(person).items():
            self.connection.putheader(name, value)
        self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body[:-20])
        self._rest = body[-20:]

    def close(self):
        self.connection.close()

    def finish(self):
        """Send the rest. Returns the status."""
        self.connection.send(self._rest)
        return self.connection.getresponse().status


def headers(person):
    return {
        "Cookie": f"sessionid={person['session']}; csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def send_in_chunks(port, person, content):
    """Send a message in chunks, without its length, as some proxies do. Returns the status."""
    body = urlencode({"content": content, "client_key": str(uuid4())}).encode()
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as line:
        path = f"/c/{person['conversation']}/send/"
        line.request("POST", path, iter([body[:20], body[20:]]), headers(person))
        return line.getresponse().status


def test_a_message_that_is_cut_off_is_not_sent_and_slow_ones_hold_up_nobody():
    with installation() as here, ExitStack() as lines:
        person = here.people(2)[0]
        here.start()
        browser = lines.enter_context(closing(Browser(here.port, person)))
        # There are more of them than threads of the server, and none is complete.
        cut, slow, *_others = [
            lines.enter_context(closing(Slow(here.port, person, LONG))) for _ in range(2 * THREADS)
        ]
        assert browser.send("Sent while others crawl.") == 200
        cut.close()
        assert slow.finish() == 200
        # Its key is not used up.
        assert browser.send(LONG, cut.key) == 200
        assert send_in_chunks(here.port, person, "Sent in chunks.") == 200
        lines.close()
        here.kill()
        sent = [message["content"] for message in here.stored()["messages"]]

    assert sent == ["Sent while others crawl.", LONG, LONG, "Sent in chunks."]
