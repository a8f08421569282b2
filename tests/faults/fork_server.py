"""A process that has loaded Parley and forks children, so that each starts at once.

Without it, a test that kills a server five hundred times would mostly wait for Django to load. A
child is a process of its own: it alone opens the database, listens and answers, and SIGKILL ends it
like any other. The fork server has no thread and no connection that a child could inherit, and
checks that at its start.

    python -m tests.faults.fork_server

answers each line of JSON with a line: ["serve", port, log] with the id of a process, ["wait", id]
and ["poll", id] with its exit status, ["do", code] with an exit status and the output of the code.
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


class ForkServer:
    """The test's side. The process and its children end with `close`, or when the test ends."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment, self._log = dict(environment), log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.fork_server"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                process_group=0,  # Ctrl-C is for the test, which closes it
            )

    def ask(self, *what):
        """Send a line, and return the answer."""
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"The fork server has ended:\n{self._log.read_text()}"
        return json.loads(answer)

    def serve(self, port: int, log: Path) -> "Child":
        """Start a server. It may not listen yet."""
        return Child(self, self.ask("serve", port, str(log)))

    def do(self, code: str) -> str:
        """Run `code` in a child, where Django is set up. Returns what it prints."""
        status, output = self.ask("do", code)
        assert status == 0, output
        return output

    def close(self) -> None:
        self._process.communicate()


class Child:
    """A server, with the part of the interface of `subprocess.Popen` that `Installation` uses."""

    def __init__(self, fork_server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._fork_server = fork_server
        self._ended: int | None = None

    def poll(self) -> int | None:
        return self._end("poll")

    def wait(self) -> int | None:
        return self._end("wait")

    def _end(self, how: str) -> int | None:
        if self._ended is None:
            self._ended = self._fork_server.ask(how, self.pid)
        return self._ended


def main() -> None:
    """Answer lines until standard input ends."""
    import uvicorn

    # Load everything that each child would otherwise load.
    uvicorn.Config("messaging_app.asgi:application").load()
    import_module("chats.live.buses")
    import_module("messaging_app.urls")
    for template in (PROJECT / "templates").rglob("*.html"):
        get_template(str(template.relative_to(PROJECT / "templates")))
    assert threading.active_count() == 1
    assert all(connection.connection is None for connection in connections.all())
    gc.freeze()  # children need not search the loaded objects for garbage
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
        _as_child(lambda: _run_server(port, log))
    os.setpgid(pid, pid)  # in both processes, whichever is first
    children.add(pid)
    return pid


def _run_server(port: int, log: str) -> None:
    import uvicorn

    os.setpgid(0, 0)
    with open(os.devnull) as nothing, open(log, "ab") as output:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
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
        output = reading.read()
    return _wait(children, pid), output


def _run(code: str, here: int) -> None:
    output = io.StringIO()
    with open(here, "w") as writing:
        try:
            with redirect_stdout(output):
                exec(code, {})  # noqa: S102 - code of our own tests
        except BaseException:
            writing.write(traceback.format_exc())
            raise
        writing.write(output.getvalue())


def _as_child(work) -> None:
    """Call `work` and exit, instead of returning to the loop of the fork server."""
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
