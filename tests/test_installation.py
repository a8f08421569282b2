"""What holds an installation together: its key, how it starts and ends."""

import asyncio
import os
import runpy
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from messaging_app.secret import secret_key_from
from operations.management.commands import serve as serve_command
from operations.server.event_loop import FairAcceptLoop
from tests.services_fixture import free_port


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    folder = tmp_path / "data"

    key = secret_key_from(folder, shared=False)

    assert len(key) >= 50
    assert secret_key_from(folder, shared=False) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_all_who_start_at_once_have_the_same_key(tmp_path):
    keys = []
    together = threading.Barrier(8)

    def start():
        together.wait()
        keys.append(secret_key_from(tmp_path, shared=False))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_shared_installation_must_be_given_its_key(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        secret_key_from(tmp_path, shared=True)


def test_a_data_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(ImproperlyConfigured, match="file/data"):
        secret_key_from(tmp_path / "file" / "data", shared=False)


def test_a_header_with_an_underscore_cannot_pass_for_another(monkeypatch):
    from messaging_app import asgi

    seen = {}

    async def remember(scope, receive, send):
        seen.update(scope)

    monkeypatch.setattr(asgi.application, "_pages", remember)
    headers = [(b"x_forwarded_for", b"1.2.3.4"), (b"x-forwarded-for", b"5.6.7.8")]

    async def receive():
        return {"type": "http.request", "body": b""}

    asyncio.run(asgi.application({"type": "http", "headers": headers}, receive, None))

    assert seen["headers"] == [(b"x-forwarded-for", b"5.6.7.8")]


def serve(folder, port, **variables):
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull}
    return subprocess.Popen(
        [sys.executable, settings.BASE_DIR / "manage.py", "serve"],
        env=environment | {"DATA_DIR": str(folder / "data"), "PORT": str(port)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C in the terminal of the tests is not for it
    )


def wait_until_up(process, port):
    for _ in range(600):
        assert process.poll() is None, process.stdout.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
                return answer.status
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The server did not come up within a minute.")


def test_a_process_lets_in_one_after_the_other_and_keeps_none_waiting_outside():
    """Else the first of several to wake has everybody who comes at that moment."""
    there = 40
    let_in = []

    class Door(asyncio.Protocol):
        def connection_made(self, transport):
            let_in.append(transport)

    async def open_for_a_moment():
        server = await asyncio.get_running_loop().create_server(Door, sock=listening, backlog=100)
        while not let_in:
            await asyncio.sleep(0)
        asyncio.get_running_loop().remove_reader(listening)
        for _ in range(10):  # rounds, until whoever was let in is through
            await asyncio.sleep(0)
        server.close()

    with ExitStack() as stack, closing(FairAcceptLoop()) as loop:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        address = listening.getsockname()
        for _ in range(there // 2):
            stack.enter_context(socket.create_connection(address, timeout=30))
        kept = listening.dup()  # as that of another process, to which the others are left
        loop.run_until_complete(open_for_a_moment())
        # As many may wait as ever: with less room these would not get through.
        for _ in range(there // 2):
            stack.enter_context(socket.create_connection(address, timeout=30))
        kept.setblocking(False)
        left = 0
        with stack.enter_context(kept), suppress(BlockingIOError):
            while True:
                kept.accept()[0].close()
                left += 1
        for transport in let_in:
            transport.abort()
        loop.run_until_complete(asyncio.sleep(0))

    assert 1 <= len(let_in) <= 4
    assert len(let_in) + left == there


def test_it_starts_from_nothing_and_ends_quietly(tmp_path, request):
    port = free_port()

    # Both ways to end, a first start and one that finds everything there, one process and several.
    for end, processes in ((signal.SIGINT, "1"), (signal.SIGTERM, "2")):
        process = serve(tmp_path, port, WEB_CONCURRENCY=processes)
        request.addfinalizer(process.kill)
        assert wait_until_up(process, port) == 200
        process.send_signal(end)
        output, _ = process.communicate(timeout=60)

        assert process.returncode == 0
        assert f"Parley is at http://127.0.0.1:{port}\n" in output
        assert "Traceback" not in output


def worker_of(folder):
    """The id by which the worker of this installation says that it is there, or None."""
    with closing(sqlite3.connect(folder / "data" / "parley.sqlite3")) as database:
        rows = database.execute("SELECT worker_id FROM operations_runningworker").fetchall()
    return rows[0][0] if len(rows) == 1 else None


def process_of(worker_id):
    """The number of the process that was started with `worker_id`, or None."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if worker_id.encode() in command.read_bytes().split(b"\0")[:-3]:
                return int(command.parent.name)
        except OSError:
            continue
    return None


def wait_for(condition, what):
    for _ in range(600):
        if result := condition():
            return result
        time.sleep(0.1)
    raise AssertionError(f"Within a minute: {what}.")


def test_its_worker_is_started_again_when_it_is_killed_and_ends_with_it(tmp_path, request):
    port = free_port()
    process = serve(tmp_path, port)
    request.addfinalizer(process.kill)
    wait_until_up(process, port)
    first = wait_for(lambda: worker_of(tmp_path), "no worker")

    os.kill(process_of(first), signal.SIGKILL)

    second = wait_for(
        lambda: worker_of(tmp_path) not in (None, first) and worker_of(tmp_path), "no other worker"
    )
    # A server that is killed takes its worker along: nobody else would ever end it.
    process.kill()
    wait_for(lambda: process_of(second) is None, "the worker stays alone")
    process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"WEB_CONCURRENCY": 2}, "CACHE_URL"),
        ({"SITE_URL": "https://chat.example.org"}, "TRUSTED_PROXIES=1"),
        ({"SITE_URL": "http://0.0.0.0:8000"}, "SITE_URL"),
    ],
)
def test_what_works_and_is_hardly_meant_is_said_at_the_start(settings, changed, word):
    meant = {"WEB_CONCURRENCY": 1, "CACHE_URL": "", "SITE_URL": "http://127.0.0.1:8000"}
    for name, value in meant.items():
        setattr(settings, name, value)
    assert list(serve_command.hints()) == []

    for name, value in changed.items():
        setattr(settings, name, value)
    (hint,) = serve_command.hints()
    assert word in hint


def test_a_database_that_is_not_there_is_one_sentence(tmp_path):
    address = f"postgres://parley:geheim@127.0.0.1:{free_port()}/parley"
    process = serve(tmp_path, free_port(), DATABASE_URL=address, SECRET_KEY="one for this test")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.startswith("The database that DATABASE_URL names cannot be used: ")
    assert "Connection refused" in output
    assert "geheim" not in output
    assert len(output.splitlines()) == 1


def test_what_a_database_cannot_do_is_one_sentence(monkeypatch):
    def fail(arguments):
        raise OperationalError("database is locked")

    monkeypatch.setattr("django.core.management.execute_from_command_line", fail)

    with pytest.raises(SystemExit, match=r"^The database .* database is locked$"):
        runpy.run_path(str(settings.BASE_DIR / "manage.py"), run_name="__main__")


def test_a_port_in_use_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve(tmp_path, taken.getsockname()[1])
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "Address already in use" in output
    assert len(output.splitlines()) == 1
    assert not (tmp_path / "data" / "parley.sqlite3").exists()
