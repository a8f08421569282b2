"""A line that breaks or crawls in the middle of a message: nothing is kept, nobody else waits."""

from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlencode
from uuid import uuid4

from operations.server.application import THREADS
from tests.faults.house import CSRF, PATIENCE, Browser, house

LONG = "The beginning of it. " + "And more of it. " * 300 + "The end of it."


class Slow:
    """A line on which all of a message was sent but its last twenty characters."""

    def __init__(self, port, person, content):
        self.key = str(uuid4())
        # The key goes first: what is cut off has one, and a text that could be sent.
        body = urlencode({"client_key": self.key, "content": content}).encode()
        self.line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.line.putrequest("POST", f"/c/{person['conversation']}/send/")
        for name, value in headers(person).items():
            self.line.putheader(name, value)
        self.line.putheader("Content-Length", str(len(body)))
        self.line.endheaders(body[:-20])
        self._rest = body[-20:]

    def close(self):
        self.line.close()

    def finish(self):
        """The status it gets for the rest."""
        self.line.send(self._rest)
        return self.line.getresponse().status


def headers(person):
    return {
        "Cookie": f"sessionid={person['session']}; csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
    }


def send_in_chunks(port, person, content):
    """The status of a send that does not say how long it is, as some proxies pass it on."""
    body = urlencode({"content": content, "client_key": str(uuid4())}).encode()
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as line:
        path = f"/c/{person['conversation']}/send/"
        line.request("POST", path, iter([body[:20], body[20:]]), headers(person))
        return line.getresponse().status


def test_a_message_cut_off_on_its_way_is_not_sent_and_whole_ones_are_beside_slow_ones():
    with house() as here, ExitStack() as lines:
        person = here.people(2)[0]
        here.start()
        browser = lines.enter_context(closing(Browser(here.port, person)))
        # More of them than the server has threads, and none of them is done.
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
