"""An installation of Parley whose processes tests can kill, and people who write to it meanwhile.

It does not use the database of the test run. After a fault, tests read the stored rows by commands
of the installation and by a second connection.
"""

import copy
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from tests.discretion import private_in
from tests.faults.fork_server import PROJECT, Child, ForkServer
from tests.services_fixture import free_port

CSRF = "a" * 32
PATIENCE = 60  # seconds; the machine may be busy

# Code for a process of the installation, as are the texts below: creates the tables, in one file.
MIGRATE = """
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
connection.close()
print("null")
"""
migrated: list[bytes] = []  # the file of the first migration, which takes seconds

# Runs a command of `manage.py` in a process that has loaded Django.
COMMAND = """
import io, json, runpy, sys
from contextlib import redirect_stderr, redirect_stdout
output, errors, status = io.StringIO(), io.StringIO(), 0
sys.argv = ["manage.py", *{arguments}]
try:
    with redirect_stdout(output), redirect_stderr(errors):
        runpy.run_path("manage.py", run_name="__main__")
except SystemExit as ended:
    status = ended.code or 0
    if isinstance(status, str):
        errors.write(status)
        status = 1
print(json.dumps([status, output.getvalue(), errors.getvalue()]))
"""

# Creates people, and prints the session and the conversation of each.
PEOPLE = """
import json
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from messaging.models import Conversation
users = [
    get_user_model().objects.create_user(f"person{n}") for n in range(int({count}))
]
found = []
for place, user in enumerate(users):
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=store.session_key)
    other = users[place ^ 1]
    conversation = Conversation.objects.between(user, other)
    found.append(dict(pk=user.pk, session=store.session_key, conversation=conversation.pk))
print(json.dumps(found))
"""

# Prints all stored messages and old texts, and whether the file is sound.
STORED = """
import json
from django.db import connection
from messaging.models import Message, MessageHistory, Notification
notified = set(Notification.objects.values_list("message_id", "user_id"))
print(json.dumps(dict(
    messages=[
        dict(pk=m.pk, content=m.content, key=str(m.client_key), conversation=m.conversation_id,
             notified=(m.pk, m.receiver_id) in notified, changed_in=m.changed_in)
        for m in Message.objects.order_by("pk")
    ],
    history=list(MessageHistory.objects.order_by("pk").values_list("message_id", "old_content")),
    integrity=[row[0] for row in connection.cursor().execute("PRAGMA integrity_check").fetchall()]
    if connection.vendor == "sqlite" else ["ok"],
)))
"""


class Installation:
    """A data folder, and at most one server that uses it."""

    def __init__(self, folder: Path, *, migrate: bool = True, **environment: str) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        self.database = folder / "parley.sqlite3"
        self.log = folder.parent / f"{folder.name}.log"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "CACHE_URL", "EMAIL_URL", "SECRET_KEY"}
        } | {
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.faults.serving",
            "SECRET_KEY": "only for tests of faults",
            "LOG_LEVEL": "DEBUG",
            **environment,
        }
        self.server: subprocess.Popen | Child | None = None
        self._fork_servers: list[ForkServer] = []
        if migrate and migrated and "DATABASE_URL" not in environment:
            self.database.write_bytes(migrated[0])
        elif migrate:
            self.shell(MIGRATE)
            if self.database.exists():
                migrated[:] = [self.database.read_bytes()]

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run a command of `manage.py`. Returns its status and its output."""
        done = subprocess.CompletedProcess(
            arguments, *self.shell(COMMAND.replace("{arguments}", repr(arguments)))
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def shell(self, code: str):
        """Run `code` in a process of this installation. Returns the JSON that it prints last."""
        return json.loads(self.fork_server.do(code).splitlines()[-1])

    @property
    def fork_server(self) -> ForkServer:
        """The fork server for the current environment of this installation."""
        for one in self._fork_servers:
            if one.environment == self.environment:
                return one
        self._fork_servers.append(ForkServer(self.environment, self.log))
        return self._fork_servers[-1]

    def people(self, count: int) -> list[dict]:
        """Create people, in pairs who write to each other; see `PEOPLE`."""
        return self.shell(PEOPLE.replace("{count}", str(count)))

    def stored(self) -> dict:
        """Everything that is stored; see `STORED`."""
        return self.shell(STORED)

    def start(self, *before: str) -> None:
        """Start the server and wait until it answers. `before` is a program that runs it, as strace."""
        self.server = (
            self._run_by(before) if before else self.fork_server.serve(self.port, self.log)
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                with closing(line):
                    line.request("GET", "/healthz")
                    if line.getresponse().status == 200:
                        return
            except OSError:
                assert self.server.poll() is None, self.log.read_text()
                assert time.monotonic() < end, self.log.read_text()
                time.sleep(0.005)

    def _run_by(self, before: tuple[str, ...]) -> subprocess.Popen:
        command = [*before, sys.executable, "-m", "uvicorn", "messaging_app.asgi:application"]
        command += ["--port", str(self.port), "--log-level", "warning"]
        command += ["--timeout-keep-alive", "600", "--timeout-graceful-shutdown", "1"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # so that `kill` also ends what `before` starts
            )

    def kill(self) -> None:
        """End the server by SIGKILL, like a power cut."""
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    @contextmanager
    def another(self) -> Iterator["Installation"]:
        """A second server on the same data."""
        other = copy.copy(self)
        other.port, other.server = free_port(), None
        other.log = self.log.with_suffix(".second.log")
        try:
            yield other
        finally:
            other.stop()

    def stop(self) -> None:
        """Kill the server if it runs, and check its log."""
        if self.server and self.server.poll() is None:
            self.kill()
        if self.log.exists():
            # The log holds the forced errors, and must hold nothing that people wrote.
            assert not private_in(self.log.read_text())

    def close(self) -> None:
        """Stop the server and the fork servers."""
        try:
            self.stop()
        finally:
            for fork_server in self._fork_servers:
                fork_server.close()


@contextmanager
def installation(*, migrate: bool = True, **environment: str):
    with tempfile.TemporaryDirectory(prefix="parley-faults-") as folder:
        one = Installation(Path(folder) / "data", migrate=migrate, **environment)
        try:
            yield one
        finally:
            one.close()


class Browser:
    """One person's connection to the server. `acknowledged` holds the sent texts by client key."""

    def __init__(self, port: int, person: dict) -> None:
        self.port, self.person = port, person
        self.connection: http.client.HTTPConnection | None = None
        self.acknowledged: dict[str, str] = {}
        self.refused: list[int] = []
        self.unheard: list[str] = []  # client keys

    def ask(self, method: str, path: str, fields: dict | None = None, *, htmx: bool = True):
        """The status and the text of a response. Errors of the connection are raised."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {
            "Cookie": f"sessionid={self.person['session']}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
        }
        if htmx:
            headers["HX-Request"] = "true"
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None

    def send(self, content: str, key: str | None = None) -> int:
        key = key or str(uuid4())
        path = f"/c/{self.person['conversation']}/send/"
        status, _text = self.ask("POST", path, {"content": content, "client_key": key})
        if status == 200:
            self.acknowledged[key] = content
        else:
            self.refused.append(status)
        return status


def accepted(browser: Browser, text: str, key: str) -> bool:
    """Send a text. Returns whether the server answered without an error of its own."""
    try:
        return browser.send(text, key) < 500
    except (OSError, http.client.HTTPException):
        return False


def writing(browsers: list[Browser], until: threading.Event) -> list[threading.Thread]:
    """Start threads that send one message after the other until `until` is set.

    After no answer, or an error of the server, a thread sends the message again under its key, as
    "Try again" does in a browser. After `PATIENCE` it gives up, and the key is in `unheard`.
    """

    def write(browser: Browser) -> None:
        for number in count(1):
            if until.is_set():
                break
            key, text = str(uuid4()), f"{browser.person['pk']} says {number}"
            end = time.monotonic() + PATIENCE
            while not accepted(browser, text, key):
                if time.monotonic() > end:
                    browser.unheard.append(key)
                    break
                time.sleep(0.01)
        browser.close()

    # Daemons, because a test that fails does not set `until`.
    threads = [threading.Thread(target=write, args=[browser], daemon=True) for browser in browsers]
    for thread in threads:
        thread.start()
    return threads


def lost_or_doubled(stored: dict, browsers: list[Browser]) -> dict[str, int]:
    """The numbers of faults of `stored`, given what was acknowledged; and of acknowledged sends."""
    by_key: dict[str, list[dict]] = {}
    for message in stored["messages"]:
        by_key.setdefault(message["key"], []).append(message)
    found = {
        "acknowledged": 0,
        "lost": 0,
        "doubled": 0,
        "unnotified": 0,
        "disordered": 0,
        "broken": 0,
    }
    for browser in browsers:
        places = []
        for key, content in browser.acknowledged.items():
            there = by_key.get(key, [])
            found["acknowledged"] += 1
            found["lost"] += not [one for one in there if one["content"] == content]
            found["doubled"] += len(there) > 1
            places += [one["pk"] for one in there]
        # Each waits for an answer before it sends the next, so ids follow the order of sending.
        found["disordered"] += places != sorted(places)
    versions: dict[int, int] = {}
    for message in stored["messages"]:
        found["unnotified"] += not message["notified"]
        conversation = message["conversation"]
        found["disordered"] += message["changed_in"] <= versions.get(conversation, 0)
        versions[conversation] = message["changed_in"]
    found["broken"] = stored["integrity"] != ["ok"]
    return found
