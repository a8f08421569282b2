"""Real servers that hold streams, on the database of the test and with each bus it allows."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from chats.live.bus_choice import BUSES
from chats.live.buses import bus as the_bus
from tests.discretion import private_in
from tests.live.listening import Listener
from tests.services_fixture import NotHere, redis_cache

POSTGRESQL = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "live":
            item.add_marker(pytest.mark.db)


class Server:
    """uvicorn with what `make run` serves."""

    def __init__(self, folder, environment):
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        listening.set_inheritable(True)
        self.port = listening.getsockname()[1]
        self.log = folder / f"server-{self.port}.log"
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.chats.serving",
            "TEST_DATABASE": str(connection.settings_dict["NAME"]),
            "DATA_DIR": str(folder),
            "SECRET_KEY": settings.SECRET_KEY,
            "ENV_FILE": os.devnull,
            **environment,
        }
        command = [sys.executable, "-m", "uvicorn", "messaging_app.asgi:application"]
        command += ["--log-level", "warning", "--timeout-graceful-shutdown", "1"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--fd", str(listening.fileno())],
                cwd=settings.BASE_DIR,
                env=environment,
                pass_fds=[listening.fileno()],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        listening.close()

    def end(self, number=signal.SIGTERM):
        """What it said, once it has ended."""
        self.process.send_signal(number)
        self.process.wait(30)
        return self.log.read_text()


@pytest.fixture
def serve(transactional_db, tmp_path):
    """Starts servers; variables of the environment are given by name."""
    started = []

    def serve(**environment):
        started.append(Server(tmp_path, environment))
        return started[-1]

    yield serve
    for server in started:
        server.process.kill()
        server.process.wait()
    for server in started:
        assert not private_in(server.log.read_text())


@contextmanager
def spoken_by(name, settings, cache_url=""):
    """What this process changes is said on that bus."""
    settings.LIVE_BUS, settings.CACHE_URL = BUSES[name], cache_url
    the_bus.cache_clear()
    try:
        yield
    finally:
        the_bus().close()
        the_bus.cache_clear()


@pytest.fixture(params=["postgresql" if POSTGRESQL else "sqlite", "redis"])
def bus(request, settings):
    """The environment of a server with that bus, on which this process speaks as well."""
    environment = {"LIVE_BUS": request.param, "CACHE_URL": ""}
    if request.param != "redis":
        with spoken_by(request.param, settings):
            yield environment
        return
    try:
        with redis_cache() as address, spoken_by("redis", settings, address):
            yield environment | {"CACHE_URL": address}
    except NotHere as missing:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"{missing} is not here.")


@pytest.fixture
def session_of():
    """A new session of somebody, as a browser's cookie has it."""

    def session_of(user):
        client = Client(headers={"user-agent": "a test"})  # which sessions are listed with
        client.force_login(user)
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    return session_of


@pytest.fixture
def listen(session_of):
    """Opens streams of people, each in a browser of its own."""
    listeners = []

    def listen(server, user, session=None):
        listeners.append(Listener(server.port, session or session_of(user)))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.stop()
