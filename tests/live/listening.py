"""A browser's end of a stream, and a line that breaks."""

import http.client
import random
import re
import socket
import threading
import time
from contextlib import suppress

PATIENCE = 30  # seconds; other tests take the processor meanwhile


class Listener:
    """Reads a stream in a thread of its own."""

    def __init__(self, port, session, *, again=False, **headers):
        self.port, self.again = port, again
        self.headers = {"Cookie": f"sessionid={session}"} | headers
        self.text = ""
        self.opened = 0  # how many times
        self.response = None
        self.over = False
        self.news = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def versions(self):
        return [int(found) for found in re.findall(r"data: (\d+)\n\n", self.text)]

    @property
    def last(self):
        return self.versions[-1] if self.versions else 0

    def wait(self, condition, seconds=PATIENCE):
        """True once `condition(self)` holds."""
        with self.news:
            return self.news.wait_for(lambda: condition(self), seconds)

    def open(self):
        assert self.wait(lambda self: self.versions), self.response
        return self

    def stop(self):
        self._stopped.set()
        self._cut()
        self._thread.join(PATIENCE)

    def _cut(self):
        line = self.line
        if line is not None and line.sock is not None:
            with suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)

    line = None

    def _read(self):
        while not self._stopped.is_set():
            self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                self.line.request("GET", "/live/", headers=self.headers)
                response = self.line.getresponse()
                self._tell(response=response)
                self.opened += 1
                while response.status == 200 and (piece := response.read1()):
                    self._tell(text=self.text + piece.decode())
            except (OSError, http.client.HTTPException):
                pass
            finally:
                self.line.close()
            if not self.again:
                break
            self._stopped.wait(0.05)
        self._tell(over=True)

    def _tell(self, **values):
        with self.news:
            for name, value in values.items():
                setattr(self, name, value)
            self.news.notify_all()


class BadLine:
    """A proxy in front of several servers, that is cut at random and now and then answers 502."""

    def __init__(self, ports, seed):
        self.targets = ports
        self.random = random.Random(seed)  # noqa: S311
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listening.getsockname()[1]
        self.refusing = 0.2
        self._pairs = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, share=0.3):
        for pair in list(self._pairs):
            if self.random.random() < share:
                self._close(pair)

    def close(self):
        self.listening.close()
        self.cut(1)

    def _accept(self):
        while True:
            try:
                near, _address = self.listening.accept()
            except OSError:
                return
            try:
                if self.random.random() < self.refusing:
                    near.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    near.close()
                    continue
                target = ("127.0.0.1", self.random.choice(self.targets))
                far = socket.create_connection(target, timeout=PATIENCE)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            pair = (near, far)
            self._pairs.add(pair)
            for one, other in (pair, pair[::-1]):
                threading.Thread(target=self._pass_on, args=(one, other, pair), daemon=True).start()

    def _pass_on(self, one, other, pair):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
        except OSError:
            pass
        self._close(pair)

    def _close(self, pair):
        self._pairs.discard(pair)
        for one in pair:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def within(seconds, condition):
    """True once `condition()` holds, which is looked at again and again."""
    last = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > last:
            return False
        pause.wait(0.02)
    return True
