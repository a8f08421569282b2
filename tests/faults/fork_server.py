"""A process that has loaded Parley and does nothing with it: each child it forks is Parley at once.

A server that is killed five hundred times spends its time loading Django again, and the test its
time waiting for that. The child is a process of its own: it alone opens the database, listens and
answers, and a SIGKILL leaves of it what a SIGKILL leaves of any. The nursery itself has no thread
and no connection that a child could inherit, and says so if it ever had.

    python -m tests.faults.nursery

answers each line of JSON with one: ["serve", port, log] with the id of a process, ["wait", id] and
["poll", id] with how it ended, ["do", code] with an exit status and what the code has said.
"""

import gc
import io
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

from django.db import connections
from django.template.loader import get_template

PROJECT = Path(__file__).resolve().parents[2]


class Nursery:
    """Seen from the test. Ends, and every child with it, when it is closed or the test is gone."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment, self._log = dict(environment), log
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                process_group=0,  # Ctrl-C is for the test, which closes it
            )

    def ask(self, *what):
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"The nursery has ended:\n{self._log.read_text()}"
        return json.loads(answer)

    def serve(self, port: int, log: Path) -> "Child":
        """A server that begins to listen."""
        return Child(self, self.ask("serve", port, str(log)))

    def do(self, code: str) -> str:
        """What `code` prints, run where Django is set up."""
        status, said = self.ask("do", code)
        assert status == 0, said
        return said

    def close(self) -> None:
        self._process.communicate()


class Child:
    """A server, with what `House` needs of a `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._ended: int | None = None

    def poll(self) -> int | None:
        return self._end("poll")

    def wait(self) -> int | None:
        return self._end("wait")

    def _end(self, how: str) -> int | None:
        if self._ended is None:
            self._ended = self._nursery.ask(how, self.pid)
        return self._ended


def main() -> None:
    """Answer until nobody asks any more."""
    import uvicorn

    # All that each child would otherwise load while somebody waits.
    uvicorn.Config("messaging_app.asgi:application").load()
    import_module("chats.live.buses")
    import_module("messaging_app.urls")
    for template in (PROJECT / "templates").rglob("*.html"):
        get_template(str(template.relative_to(PROJECT / "templates")))
    assert threading.active_count() == 1
    assert all(connection.connection is None for connection in connections.all())
    gc.freeze()  # what is loaded is never garbage: no child has to look
    children: set[int] = set()
    try:
        for line in sys.stdin:
            what, *about = json.loads(line)
            answer = ANSWERS[what](children, *about)
            print(json.dumps(answer), flush=True)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _serve(children: set[int], port: int, log: str) -> int:
    pid = os.fork()
    if not pid:
        _as_child(lambda: _be_the_server(port, log))
    os.setpgid(pid, pid)  # here as well as there: whoever comes first
    children.add(pid)
    return pid


def _be_the_server(port: int, log: str) -> None:
    import uvicorn

    os.setpgid(0, 0)
    with open(os.devnull) as nothing, open(log, "ab") as said:
        os.dup2(nothing.fileno(), 0)
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    uvicorn.run(
        "messaging_app.asgi:application",
        port=port,
        log_level="warning",
        timeout_keep_alive=600,
        timeout_graceful_shutdown=1,
    )


def _wait(children: set[int], pid: int, options: int = 0) -> int | None:
    found, status = os.waitpid(pid, options)
    if not found:
        return None
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _poll(children: set[int], pid: int) -> int | None:
    return _wait(children, pid, os.WNOHANG)


def _do(children: set[int], code: str) -> tuple[int, str]:
    there, here = os.pipe()
    pid = os.fork()
    if not pid:
        _as_child(lambda: _run(code, here))
    os.close(here)
    with open(there) as reading:
        said = reading.read()
    return _wait(children, pid), said


def _run(code: str, here: int) -> None:
    said = io.StringIO()
    with open(here, "w") as writing:
        try:
            with redirect_stdout(said):
                exec(code, {})  # noqa: S102 - the tests' own
        except BaseException:
            writing.write(traceback.format_exc())
            raise
        writing.write(said.getvalue())


def _as_child(work) -> None:
    """Do it and end, without going back to where the nursery waits for lines."""
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


ANSWERS = {"serve": _serve, "wait": _wait, "poll": _poll, "do": _do}


if __name__ == "__main__":
    main()
