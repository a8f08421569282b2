"""Which bus is chosen, what it carries, and what happens when it breaks."""

import asyncio
import os
import time
from queue import SimpleQueue

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts import services as account_services
from chats.live import buses
from chats.live.bus_choice import bus_for
from chats.live.buses import EVERYBODY, MOST_IDS, MemoryBus, ThreadedBus, audience_of, notice_of
from chats.live.event_stream import Streams, status
from messaging import services
from messaging.events import Audience
from messaging.models import Mailbox
from tests.chats.test_forgiving_redis import REDIS, Server
from tests.factories import MessageFactory
from tests.live.conftest import spoken_by

SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
REDIS_URL = "redis://somewhere:6379/0"


# --- Which one ------------------------------------------------------------------------------------


def chosen(wanted="", engine=SQLITE, cache_url="", processes=1):
    return bus_for(wanted, engine=engine, cache_url=cache_url, processes=processes)


@pytest.mark.parametrize(
    ("installation", "name"),
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
def test_the_bus_is_chosen_by_the_servers_of_the_installation(installation, name):
    assert chosen(**installation) == f"chats.live.buses.{name}"


@pytest.mark.parametrize(
    ("installation", "advice"),
    [
        ({"wanted": "memory", "processes": 2}, "WEB_CONCURRENCY=1"),
        ({"wanted": "memory", "engine": POSTGRESQL}, "leave LIVE_BUS out"),
        ({"wanted": "sqlite", "engine": POSTGRESQL}, "LIVE_BUS=postgresql"),
        ({"wanted": "redis"}, "set CACHE_URL"),
        ({"wanted": "postgresql"}, "set DATABASE_URL"),
        ({"wanted": "pigeons"}, "memory, sqlite, redis, postgresql"),
    ],
)
def test_a_bus_that_does_not_reach_all_processes_is_refused_with_what_to_set(installation, advice):
    with pytest.raises(ImproperlyConfigured, match=advice):
        chosen(**installation)


def test_the_state_is_idle_while_no_stream_is_open():
    assert status() == {"bus": "idle", "streams": 0, "people": 0}


# --- Notices --------------------------------------------------------------------------------------


def audience(people=(), conversations=()):
    return Audience(frozenset(people), frozenset(conversations))


def test_a_notice_names_conversations_and_people():
    notice = notice_of(audience(people=[12, 3], conversations=[7]))

    assert notice == "c7,p3,p12"
    assert audience_of(notice) == audience(people=[3, 12], conversations=[7])


def test_a_notice_of_very_many_names_everybody():
    assert notice_of(audience(people=range(MOST_IDS))) != EVERYBODY
    assert notice_of(audience(people=range(MOST_IDS), conversations=[1])) == EVERYBODY


@pytest.mark.parametrize(
    ("notice", "meant"),
    [
        ("3,12", audience(people=[3, 12])),  # of the release before
        (EVERYBODY, None),
        ("p3,t4", None),
        ("c", None),
        ("", None),
        ('{"people": [3]}', None),
        ("p٣", None),
    ],
)
def test_a_notice_of_another_release_wakes_whom_it_means_or_else_everybody(notice, meant):
    assert audience_of(notice) == meant


@pytest.fixture
def published(settings, monkeypatch, django_capture_on_commit_callbacks):
    """Calls a function, and gives back the audiences that were published after its commit."""

    def published(change, **options):
        found = []
        monkeypatch.setattr(MemoryBus, "publish", lambda bus, audience: found.append(audience))
        with (
            spoken_by("memory", settings),
            django_capture_on_commit_callbacks(execute=True) as callbacks,
        ):
            change(**options)
        assert callbacks
        return found

    return published


def test_a_change_that_both_people_can_see_names_their_conversation(published, message, ana):
    seen_by_both = audience(conversations=[message.conversation_id])

    assert set(published(MessageFactory, sender=ana, receiver=message.receiver)) == {seen_by_both}
    edit = {"content": "Changed", "text_version": message.text_version}
    assert set(published(services.edit_message, message=message, editor=ana, **edit)) == {
        seen_by_both
    }
    assert set(published(services.delete_message, message=message, author=ana)) == {seen_by_both}


def test_a_new_name_names_the_conversations_of_the_person_and_the_person(published, message, ana):
    ana.first_name = "Ana Silva"

    assert published(ana.save) == [audience([ana.pk], [message.conversation_id])]


def test_a_read_mark_names_its_reader_alone(published, message, ben):
    unread = type(message).objects.filter(pk=message.pk)

    assert published(services.mark_as_read, reader=ben, messages=unread) == [audience([ben.pk])]


def test_a_preference_names_its_owner_alone(published, ana, ben):
    assert published(account_services.save_preferences, user=ana, theme="dark") == [
        audience([ana.pk])
    ]


def test_a_deleted_account_names_its_people_since_the_conversations_are_gone(
    published, message, ana, ben
):
    everybody_concerned = audience([ana.pk, ben.pk])

    assert set(published(account_services.delete_account, user=ana)) == {everybody_concerned}


def test_a_process_without_streams_reads_nothing(monkeypatch):
    reads = []
    monkeypatch.setattr("chats.live.event_stream.versions_of", lambda *pks: reads.append(pks))

    for changed in (audience(conversations=[1]), audience(people=[1]), None):
        asyncio.run(Streams()._update(changed))

    assert reads == []


# --- One that breaks ------------------------------------------------------------------------------


def version_of(user):
    return Mailbox.objects.get(user=user).version


@pytest.mark.django_db
def test_a_broken_bus_does_not_undo_a_change(
    settings, ana, ben, monkeypatch, django_capture_on_commit_callbacks
):
    def fail(self, audience):
        raise OSError("broken")

    monkeypatch.setattr(MemoryBus, "publish", fail)
    with (
        spoken_by("memory", settings),
        django_capture_on_commit_callbacks(execute=True) as callbacks,
    ):
        MessageFactory(sender=ana, receiver=ben)

    assert callbacks


class FailingBus(ThreadedBus):
    """One that fails twice before it works; the first error is none that a connection raises."""

    def __init__(self):
        super().__init__()
        self.errors = [AttributeError("a bug of the library"), OSError("gone")]
        self.sent = SimpleQueue()

    def _fail(self):
        if self.errors:
            raise self.errors.pop(0)

    def _send(self, notice):
        self._fail()
        self.sent.put(notice)

    async def _receive(self, wake):
        self._fail()
        self._connected(wake)
        await asyncio.Event().wait()


def test_publishing_goes_on_after_any_error(monkeypatch):
    monkeypatch.setattr(buses, "RETRY", 0)
    failing = FailingBus()

    failing.publish(audience([1]))
    assert failing.sent.get(timeout=10) == EVERYBODY  # the notice that failed is lost
    failing.publish(audience([2]))
    assert failing.sent.get(timeout=10) == "p2"


def test_listening_goes_on_after_any_error(monkeypatch):
    monkeypatch.setattr(buses, "RETRY", 0)
    failing = FailingBus()

    async def listen():
        woken = asyncio.Event()
        task = asyncio.create_task(failing.listen(lambda audience: woken.set()))
        await asyncio.wait_for(woken.wait(), 10)
        task.cancel()

    asyncio.run(listen())

    assert not failing.errors


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
