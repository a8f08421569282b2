"""A line that breaks or crawls in the middle of a message: nothing is kept, nobody else waits."""

import socket
from contextlib import ExitStack, closing
from urllib.parse import urlencode
from uuid import uuid4

from messaging_app.asgi import THREADS
from tests.faults.house import CSRF, PATIENCE, Browser, house

LONG = "The beginning of it. " + "And more of it. " * 300 + "The end of it."


def begin_to_send(port, person, fields):
    """A line to the server that has sent all of a message but its last twenty characters."""
    body = urlencode(fields).encode()
    head = [
        f"POST /c/{person['conversation']}/send/ HTTP/1.1",
        "Host: 127.0.0.1",
        f"Cookie: sessionid={person['session']}; csrftoken={CSRF}",
        f"X-CSRFToken: {CSRF}",
        "HX-Request: true",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    line.sendall("\r\n".join([*head, "", ""]).encode() + body[:-20])
    return line, body[-20:]


def test_a_message_cut_off_on_its_way_is_not_sent_and_whole_ones_are_beside_slow_ones():
    with house() as here, ExitStack() as lines:
        person, other = here.people(2)
        here.start()
        browser = Browser(here.port, person)
        keys = [str(uuid4()) for _ in range(2 * THREADS)]
        begun = [
            # The key goes first: what is cut off has one, and a text that could be sent.
            begin_to_send(here.port, person, {"client_key": key, "content": LONG})
            for key in keys
        ]
        for line, _rest in begun:
            lines.enter_context(closing(line))

        # More of them than the server has threads, and none of them is done.
        assert browser.send("Sent while others crawl.") == 200

        (cut, _rest), (slow, rest), *_others = begun
        cut.shutdown(socket.SHUT_RDWR)
        slow.sendall(rest)
        assert slow.recv(100).startswith(b"HTTP/1.1 200")
        # Its own key is not used up, and its text is the one that was written.
        assert browser.send(LONG, keys[0]) == 200
        browser.close()
        reader = Browser(here.port, other)
        assert reader.ask("GET", f"/c/{other['conversation']}/", htmx=False)[0] == 200
        reader.close()
        lines.close()
        here.kill()
        sent = [message["content"] for message in here.stored()["messages"]]

    assert sent == ["Sent while others crawl.", LONG, LONG]
