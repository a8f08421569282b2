"""Parley on PostgreSQL and Redis: two web processes behind nginx, and a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.installed_programs import nginx
from tests.services_fixture import NotHere, free_port, make_database, postgres, redis_cache

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds for anything that is waited for: the machine may be busy

# nginx's own frame around our file. Everything is written into one folder.
FRAME = """
daemon off;
# One process, which is gone when it is killed.
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    # For the tests: which process answered.
    add_header X-Upstream $upstream_addr always;
    include {folder}/sites/*;
}}
"""

# Of HTTP/1.1 nginx hands small pieces on even when it is to keep them. Of HTTP/1.0, which it speaks
# unless told otherwise, it keeps them until they fill a buffer: so that is what these two speak.
# What somebody writes who has not read ours: nginx knows of streams by a header of ours alone.
SHORT = """
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://parley;
        proxy_set_header Host $http_host;
    }}
}}
"""
# And one that does not listen to that header: it knows by our file alone.
DEAF = "listen 127.0.0.1:{configuration}; proxy_ignore_headers X-Accel-Buffering;"


class Process:
    """A command of ours that can be ended, killed and started again."""

    def __init__(self, folder: Path, name: str, command: list[str], env: dict[str, str]) -> None:
        self.log = folder / f"{name}.log"
        self._command, self._env = command, env
        self.port = int(env.get("PORT", "0"))
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=PROJECT, env=self._env, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_up(self) -> None:
        """Back when it answers: a web process for itself, without the proxy."""
        wait_for(lambda: self._answers(), f"{self.log.name} does not answer", self)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=30) as one:
                return one.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def end(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Layout:
    """What the tests know of all of it."""

    def __init__(self, address: str, database: str, mails: Path, manage: Callable) -> None:
        self.address, self.database, self.mails, self.manage = address, database, mails, manage
        self.webs: list[Process] = []
        self.other_proxies: dict[str, int] = {}  # the port, by what keeps each from holding back
        self.access_log: Path
        self.worker: Process

    def replace_worker(self) -> None:
        """Kill the worker in the middle of whatever it does, and start another in its place."""
        self.worker.kill()
        # Nobody has to wait until the dead one has been silent for long enough.
        self.worker._command[-1:] = ["second", "--after", "first"]
        self.worker.start()

    def script(self, code: str) -> Any:
        """What `code`, run inside of the installation, prints as JSON."""
        ran = self.manage("shell", "-v0", stdin=code)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


def wait_for(condition: Callable[[], Any], what: str, process: Process | None = None) -> Any:
    """What `condition` gives, once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        if process and process.process.poll() is not None:
            raise AssertionError(f"{what}: it ended.\n{process.log.read_text()}")
        time.sleep(0.05)
    raise AssertionError(f"{what}\n{process.log.read_text() if process else ''}")


@contextmanager
def scaled_out(folder: Path) -> Iterator[Layout]:
    """All of it, running, on free ports.

    Raises:
        NotHere: a program is missing.
    """
    if nginx() is None:
        raise NotHere("nginx")
    with postgres() as server, redis_cache() as cache:
        yield from _scaled_out(folder, make_database(server, "scaled_out"), cache)


def _scaled_out(folder: Path, database: str, cache: str) -> Iterator[Layout]:
    mails = folder / "mails"
    mails.mkdir()
    port = free_port()
    shared = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "tests.scaled_out.serving",
        "DATABASE_URL": database,
        "CACHE_URL": cache,
        "DATA_DIR": str(folder / "data"),
        "SECRET_KEY": "one for all processes of the scaled out tests",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "EMAIL_URL": f"filemail:///{mails}",
        "TRUSTED_PROXIES": "1",
        "WORKER": "0",
        "GRACE": "10",
    }
    python = [sys.executable, "manage.py"]

    def manage(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*python, *arguments],
            cwd=PROJECT,
            env=shared,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    layout = Layout(shared["SITE_URL"], database, mails, manage)
    running: list[Process] = []
    try:
        # All at once, on an empty database: whoever comes second waits.
        release = Process(folder, "release", [*python, "migrate"], shared)
        layout.worker = Process(folder, "worker", [*python, "worker", "--id", "first"], shared)
        running += [release, layout.worker]
        for name in ("web1", "web2"):
            env = shared | {"PORT": str(free_port())}
            layout.webs.append(Process(folder, name, [*python, "serve"], env))
            running.append(layout.webs[-1])
        for web in layout.webs:
            web.wait_until_up()
        assert release.process.wait(PATIENCE) == 0, release.log.read_text()
        layout.access_log = folder / "access.log"
        layout.other_proxies = {"header": free_port(), "configuration": free_port()}
        proxy = _nginx(folder, port, layout.other_proxies, [web.port for web in layout.webs])
        running.append(proxy)
        proxy.wait_until_up()
        yield layout
    finally:
        for process in running:
            process.process.kill()
        for process in running:
            process.process.wait()


def _nginx(folder: Path, port: int, others: dict[str, int], upstreams: list[int]) -> Process:
    text = (PROJECT / "deploy" / "nginx.conf").read_text()
    for name, upstream in zip(("web1", "web2"), upstreams, strict=True):
        text = _changed(text, f"{name}:8000", f"127.0.0.1:{upstream}")
    sites = folder / "sites"
    sites.mkdir()
    ours = _changed(text, "listen 80;", f"listen 127.0.0.1:{port};")
    (sites / "parley").write_text(ours)
    (sites / "header").write_text(SHORT.format(port=others["header"]))
    # The same server once more, as it would be if nobody had told nginx but this file.
    deaf = _changed(text[text.index("\nserver {") :], "listen 80;", DEAF.format(**others))
    (sites / "configuration").write_text(_changed(deaf, "proxy_http_version 1.1;", ""))
    (folder / "frame.conf").write_text(FRAME.format(folder=folder))
    command = [str(nginx()), "-p", str(folder), "-c", str(folder / "frame.conf")]
    if os.geteuid() == 0:  # its workers would be somebody who may not write to our folder
        command += ["-g", "user root;"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    env = {"PATH": os.environ["PATH"], "PORT": str(port)}
    return Process(folder, "proxy", command, env)


def _changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)
