"""A PostgreSQL and a Redis of one's own, for as long as a test run or a measurement takes.

Both listen on free ports of this machine only, and keep all they write in one folder. PostgreSQL
refuses to run as root; then it runs as somebody who may do nothing else.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from scripts.installed_programs import postgres_folder, redis_server

OWNER = "parley"  # the superuser of the databases, who exists nowhere else
START = 30.0  # seconds a server may take until it answers
STOP = 30.0  # seconds it may take to end by itself


class NotHere(Exception):
    """A program that this machine does not have, or that would not start."""


@contextmanager
def postgres(folder: Path | None = None, *, durable: bool = False) -> Iterator[str]:
    """The address of a running PostgreSQL, to which a database's name is added.

    Its files are in `folder`: made if they are not there, and kept. Without a folder nothing is
    kept. `durable` waits for the disk as a real one does; without, a power cut would cost the
    data and the disk costs no time.

    Raises:
        NotHere: there is no PostgreSQL, or it did not start.
    """
    with restartable_postgres(folder, durable=durable) as server:
        yield server.address


@contextmanager
def restartable_postgres(folder: Path | None = None, *, durable: bool) -> Iterator[Server]:
    """The same, as a server that can be made to crash. The end of its address is a name's place.

    Raises:
        NotHere: there is no PostgreSQL, or it did not start.
    """
    programs = postgres_folder()
    if programs is None:
        raise NotHere("PostgreSQL")
    with _folder_for(folder) as kept:
        yield from _postgres(programs, kept, durable)


def _postgres(programs: Path, folder: Path, durable: bool) -> Iterator[Server]:
    user = _unprivileged_user()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    files, password_file = folder / "cluster", folder / "password"
    if not (files / "PG_VERSION").exists():
        shutil.rmtree(files, ignore_errors=True)
        _make_cluster(programs, files, password_file, user)
    port = free_port()
    command: list[Any] = [programs / "postgres", "-D", files, "-p", port]
    # No socket in the file system: its path may be too long, and its folder another's.
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"]
    if not durable:
        options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    for option in options:
        command += ["-c", option]
    address = f"postgres://{OWNER}:{password_file.read_text()}@127.0.0.1:{port}/"

    def ask() -> None:
        psycopg.connect(f"{address}postgres").close()

    server = Server(command, folder / "postgres.log", user, ask, psycopg.OperationalError)
    server.address = address
    with server.running():
        yield server


def make_database(address: str, name: str) -> str:
    """The address of the database `name`, which is made if it is not there."""
    with psycopg.connect(f"{address}postgres", autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not known.fetchone():
            quoted = psycopg.sql.Identifier(name)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(quoted))
    return f"{address}{name}"


@contextmanager
def redis_cache() -> Iterator[str]:
    """The address of a running, empty Redis that keeps nothing.

    Raises:
        NotHere: there is no redis-server, or it did not start.
    """
    program = redis_server()
    if program is None:
        raise NotHere("redis-server")
    port = free_port()
    with _folder_for(None) as folder:
        command: list[Any] = [program, "--port", port, "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", folder]
        with redis.Redis(port=port) as client:
            ask = client.ping
            server = Server(command, folder / "redis.log", None, ask, redis.ConnectionError)
            with server.running():
                client.close()
                yield f"redis://127.0.0.1:{port}/0"


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def _folder_for(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="parley-server-") as temporary:
            yield Path(temporary)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()


def _make_cluster(
    programs: Path, files: Path, password_file: Path, user: pwd.struct_passwd | None
) -> None:
    # Others on this machine could reach the port: a superuser runs programs.
    password_file.touch(mode=0o600)
    password_file.write_text(secrets.token_hex(16))
    if user:
        os.chown(password_file, user.pw_uid, user.pw_gid)
    command: list[Any] = [programs / "initdb", "-D", files, "-U", OWNER, "--no-sync"]
    # C: the order of text is that of SQLite, and no machine sorts unlike another.
    command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--locale=C"]
    made = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **_as(user)
    )
    if made.returncode:
        raise NotHere(f"PostgreSQL could not make its files: {made.stderr.strip()}")


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Who runs PostgreSQL; None for whoever runs this."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NotHere("somebody but root to run PostgreSQL as")


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    # Of root's own folder, which they cannot enter, PostgreSQL's programs would complain.
    return (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": "/"} if user else {}
    )


class Server:
    """A server's process. What it says goes to `log`; `ask` raises `refused` until it answers."""

    address = ""

    def __init__(
        self,
        command: list[Any],
        log: Path,
        user: pwd.struct_passwd | None,
        ask: Callable[[], Any],
        refused: type[Exception],
    ) -> None:
        self._command, self._log, self._user = list(map(str, command)), log, user
        self._ask, self._refused = ask, refused

    @contextmanager
    def running(self) -> Iterator[None]:
        """It answers, until the block ends.

        Raises:
            NotHere: it did not start.
        """
        try:
            self._start()
            yield
        finally:
            # Asked by SIGTERM, PostgreSQL would wait until every connection is closed.
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def crash(self) -> None:
        """End PostgreSQL at once, as `pg_ctl -m immediate` does, and start it again: it comes up
        as after a power cut, from its log. Back when it answers.
        """
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(STOP)
        self._start()

    def _start(self) -> None:
        with self._log.open("a") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for us: the server ends after whoever uses it.
                start_new_session=True,
                **_as(self._user),
            )
        last = time.monotonic() + START
        while True:
            try:
                self._ask()
            except self._refused:
                if time.monotonic() > last:
                    said = self._log.read_text().strip()
                    raise NotHere(f"{self._command[0]} did not start: {said}") from None
                time.sleep(0.05)
            else:
                return
