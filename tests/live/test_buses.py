"""Which bus is chosen, and what happens when it breaks."""

import asyncio
import os
import time
from queue import SimpleQueue

import pytest
from django.core.exceptions import ImproperlyConfigured

from chats.live import buses
from chats.live.bus_choice import bus_for
from chats.live.buses import MemoryBus, SpokenBus
from chats.live.event_stream import status
from messaging import services
from messaging.models import Mailbox
from tests.chats.test_forgiving_redis import REDIS, Server
from tests.factories import MessageFactory
from tests.live.conftest import spoken_by

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
REDIS_URL = "redis://somewhere:6379/0"


def chosen(wanted="", engine=SQLITE, cache_url="", processes=1):
    return bus_for(wanted, engine=engine, cache_url=cache_url, processes=processes)


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ({}, "SqliteBus"),
        ({"processes": 4}, "SqliteBus"),
        ({"cache_url": REDIS_URL}, "RedisBus"),
        ({"engine": POSTGRESQL}, "PostgresqlBus"),
        ({"engine": POSTGRESQL, "cache_url": REDIS_URL}, "RedisBus"),
        ({"engine": POSTGRESQL, "cache_url": REDIS_URL, "wanted": "postgresql"}, "PostgresqlBus"),
        ({"wanted": "memory"}, "MemoryBus"),
    ],
)
def test_the_bus_is_chosen_by_what_is_there(there, name):
    assert chosen(**there) == f"chats.live.buses.{name}"


@pytest.mark.parametrize(
    ("there", "says"),
    [
        ({"wanted": "memory", "processes": 2}, "WEB_CONCURRENCY=1"),
        ({"wanted": "memory", "engine": POSTGRESQL}, "leave LIVE_BUS out"),
        ({"wanted": "sqlite", "engine": POSTGRESQL}, "LIVE_BUS=postgresql"),
        ({"wanted": "redis"}, "set CACHE_URL"),
        ({"wanted": "postgresql"}, "set DATABASE_URL"),
        ({"wanted": "pigeons"}, "memory, sqlite, redis, postgresql"),
    ],
)
def test_one_that_does_not_reach_everybody_is_refused_with_what_to_set(there, says):
    with pytest.raises(ImproperlyConfigured, match=says):
        chosen(**there)


def test_nobody_waiting_is_said_so():
    assert status() == {"bus": "idle", "streams": 0, "people": 0}


def version_of(user):
    return Mailbox.objects.get(user=user).version


@pytest.mark.django_db
def test_a_bus_that_breaks_fails_no_change(
    settings, ana, ben, monkeypatch, django_capture_on_commit_callbacks
):
    def fail(self, user_pks):
        raise OSError("broken")

    monkeypatch.setattr(MemoryBus, "publish", fail)
    with spoken_by("memory", settings), django_capture_on_commit_callbacks(execute=True) as done:
        MessageFactory(sender=ana, receiver=ben)

    assert done


class Line(SpokenBus):
    """One that breaks twice before it works, the first time as no line should."""

    def __init__(self):
        super().__init__()
        self.failing = [AttributeError("a mistake of the library"), OSError("gone")]
        self.said = SimpleQueue()

    def _break(self):
        if self.failing:
            raise self.failing.pop(0)

    def _say(self, word):
        self._break()
        self.said.put(word)

    async def _hear(self, wake):
        self._break()
        self._hears(wake)
        await asyncio.Event().wait()


def test_one_who_tells_goes_on_whatever_went_wrong(monkeypatch):
    monkeypatch.setattr(buses, "PAUSE", 0)
    line = Line()

    line.publish([1])
    assert line.said.get(timeout=10) == buses.EVERYBODY  # what was not said is not known
    line.publish([2])
    assert line.said.get(timeout=10) == "2"


def test_one_who_listens_goes_on_whatever_went_wrong(monkeypatch):
    monkeypatch.setattr(buses, "PAUSE", 0)
    line = Line()

    async def listening():
        heard = asyncio.Event()
        task = asyncio.create_task(line.listen(lambda pks: heard.set()))
        await asyncio.wait_for(heard.wait(), 10)
        task.cancel()

    asyncio.run(listening())

    assert not line.failing


@pytest.fixture
def redis_server(tmp_path):
    if REDIS is None:
        if os.environ.get("REQUIRE_ALL"):
            raise AssertionError("redis-server is missing.")
        pytest.skip("redis-server is not here")
    server = Server(tmp_path)
    yield server
    server.stop()


def stop(server):
    server.process.kill()
    server.process.wait()


BREAKS = {
    "stopped": (stop, Server.start),
    "hung": (Server.hang, Server.go_on),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_redis_that_breaks_costs_only_time(serve, listen, settings, redis_server, ana, ben, how):
    address = f"redis://127.0.0.1:{redis_server.port}/0"
    server = serve(LIVE_BUS="redis", CACHE_URL=address)
    with spoken_by("redis", settings, address):
        listener = listen(server, ana).open()
        break_it, mend_it = BREAKS[how]
        break_it(redis_server)

        began = time.monotonic()
        for _ in range(5):
            message = MessageFactory(sender=ben, receiver=ana)
        services.edit_message(
            message=message, editor=ben, content="Changed", text_version=message.text_version
        )
        spent = time.monotonic() - began
        assert listener.wait(lambda one: one.last == version_of(ana))  # all the same
        assert spent < 5  # nothing waited for it: its patience is that long, each time

        mend_it(redis_server)
        MessageFactory(sender=ben, receiver=ana)
        assert listener.wait(lambda one: one.last == version_of(ana))
    assert "Traceback" not in server.log.read_text()
