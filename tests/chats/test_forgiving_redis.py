"""A Redis that is gone, hangs, or holds nonsense: pages come all the same."""

import os
import pickle
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextvars import Context

import pytest
import redis
from allauth.core.internal import ratelimit
from django.core.cache import caches
from django.test import override_settings
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from messaging.models import Message
from operations.caches import forgiving_redis
from operations.caches.forgiving_redis import PATIENCE, PAUSE, ForgivingRedisCache
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX
from tests.html import soup

ADDRESS = "redis://nowhere.invalid:1/0"


class FakeClient:
    """As much of Django's Redis client as a cache needs; `error` is what every call raises."""

    def __init__(self):
        self.kept = {}
        self.error = None
        self.asked = 0

    def _answer(self):
        self.asked += 1
        if self.error:
            raise self.error

    def get(self, key, default):
        self._answer()
        return self.kept.get(key, default)

    def set(self, key, value, timeout):
        self._answer()
        self.kept[key] = value

    def add(self, key, value, timeout):
        self._answer()
        return self.kept.setdefault(key, value) is value

    def delete(self, key):
        self._answer()
        return self.kept.pop(key, None) is not None

    def incr(self, key, delta):
        self._answer()
        if key not in self.kept:
            raise ValueError(key)
        self.kept[key] += delta
        return self.kept[key]

    def touch(self, key, timeout):
        self._answer()
        return key in self.kept

    def has_key(self, key):
        self._answer()
        return key in self.kept

    def get_many(self, keys):
        self._answer()
        return {key: self.kept[key] for key in keys if key in self.kept}

    def set_many(self, values, timeout):
        self._answer()
        self.kept.update(values)

    def delete_many(self, keys):
        self._answer()
        for key in keys:
            self.kept.pop(key, None)

    def clear(self):
        self._answer()
        self.kept.clear()
        return True


@pytest.fixture(autouse=True)
def lines(monkeypatch):
    """No test learns from another one that a server is silent."""
    found = {}
    monkeypatch.setattr(forgiving_redis, "_breakers", found)
    return found


@pytest.fixture
def clock(monkeypatch):
    """A monotonic clock that a test moves."""
    now = [1000.0]
    monkeypatch.setattr(forgiving_redis.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def fake():
    return FakeClient()


@pytest.fixture
def cache(fake):
    cache = ForgivingRedisCache(ADDRESS, {})
    cache.__dict__["_cache"] = fake
    return cache


FAILURES = [ConnectionError("refused"), TimeoutError("slow"), OSError("odd"), ResponseError("OOM")]


def test_it_keeps_what_it_is_given(cache):
    cache.set("a", 1)
    cache.set_many({"b": 2, "c": 3})

    assert cache.get("a") == 1
    assert cache.get_many(["b", "c", "d"]) == {"b": 2, "c": 3}
    assert cache.has_key("a")
    assert cache.incr("a", 4) == 5
    assert not cache.add("a", 9)
    assert cache.touch("a")
    assert cache.delete("a")
    cache.delete_many(["b"])
    assert cache.get_many(["a", "b", "c"]) == {"c": 3}
    assert cache.clear()
    assert cache.get("c", "gone") == "gone"


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (lambda cache: cache.get("a"), None),
        (lambda cache: cache.get("a", "default"), "default"),
        (lambda cache: cache.get_many(["a"]), {}),
        (lambda cache: cache.get_or_set("a", 5), 5),
        (lambda cache: cache.has_key("a"), False),
        (lambda cache: "a" in cache, False),
        (lambda cache: cache.set("a", 2), None),
        (lambda cache: cache.set_many({"a": 2}), ["a"]),
        (lambda cache: cache.add("a", 2), True),
        (lambda cache: cache.touch("a"), False),
        (lambda cache: cache.delete("a"), False),
        (lambda cache: cache.delete_many(["a"]), None),
        (lambda cache: cache.clear(), False),
    ],
)
def test_every_failure_is_a_miss(cache, fake, question, answer, error):
    cache.set("a", 1)
    fake.error = error

    assert question(cache) == answer


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_what_is_not_there_cannot_be_counted(cache, fake, error):
    fake.error = error

    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")


def test_a_mistake_of_ours_is_no_miss(cache, fake):
    fake.error = TypeError("not picklable")

    with pytest.raises(TypeError):
        cache.set("a", object())


def test_a_silent_server_is_asked_once_and_then_left_alone(cache, fake, clock):
    fake.error = TimeoutError()

    for _ in range(100):
        cache.get("a")

    assert fake.asked == 1
    clock[0] += PAUSE + 1
    cache.get("a")
    cache.get("a")
    assert fake.asked == 2


def test_a_server_that_is_back_is_used_again(cache, fake, clock):
    fake.error = TimeoutError()
    cache.set("a", 1)
    fake.error = None
    cache.set("a", 1)
    assert cache.get("a") is None  # not before the pause is over

    clock[0] += PAUSE + 1
    cache.set("a", 1)

    assert cache.get("a") == 1


def test_while_one_tries_others_do_not_wait(cache, fake, clock):
    fake.error = TimeoutError()
    cache.get("a")
    clock[0] += PAUSE + 1
    other = ForgivingRedisCache(ADDRESS, {})
    other.__dict__["_cache"] = fake
    asked_meanwhile = []
    fake._answer = lambda: asked_meanwhile.append(other.get("b", "without"))

    cache.get("a")

    assert asked_meanwhile == ["without"]


def test_what_one_thread_finds_out_all_know(fake, clock):
    first, second = (ForgivingRedisCache(ADDRESS, {}) for _ in range(2))
    elsewhere = ForgivingRedisCache("redis://other.invalid:1/0", {})
    for one in (first, second, elsewhere):
        one.__dict__["_cache"] = fake
    fake.error = TimeoutError()
    first.get("a")

    second.get("a")
    assert fake.asked == 1
    elsewhere.get("a")
    assert fake.asked == 2


def test_a_server_that_refuses_is_asked_again(cache, fake):
    fake.error = ResponseError("OOM command not allowed")
    cache.set("a", 1)
    fake.error = None

    cache.set("a", 1)

    assert cache.get("a") == 1


def test_a_missing_count_is_no_silence(cache, fake, clock):
    fake.error = TimeoutError()
    cache.get("a")
    fake.error = None
    clock[0] += PAUSE + 1

    with pytest.raises(ValueError, match="a"):
        cache.incr("a")

    cache.set("a", 1)
    assert cache.get("a") == 1


def test_its_own_timeouts_hold_unless_told_otherwise():
    assert ForgivingRedisCache(ADDRESS, {})._options["socket_timeout"] == 0.2
    told = ForgivingRedisCache(ADDRESS, {"OPTIONS": {"socket_timeout": 9}})
    assert told._options["socket_timeout"] == 9
    assert told._options["socket_connect_timeout"] == 0.2


def test_the_settings_name_it(settings):
    backend = f"{ForgivingRedisCache.__module__}.{ForgivingRedisCache.__qualname__}"

    with open(settings.BASE_DIR / "messaging_app" / "settings.py") as file:
        assert f'"BACKEND": "{backend}"' in file.read()


# --- Pages without a cache ------------------------------------------------------------------------


def redis_at(url):
    cache = {"BACKEND": "operations.caches.forgiving_redis.ForgivingRedisCache", "LOCATION": url}
    return override_settings(
        CACHES={"default": cache, "template_fragments": cache | {"KEY_PREFIX": "fragment"}}
    )


@pytest.fixture
def refused():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with redis_at(f"redis://127.0.0.1:{port}/0"):
        yield


def everything_works(client, message):
    """Reads, writes and reads again, and finds what was written."""
    for url in (url_of("inbox"), address("conversation_detail", message), url_of("notifications")):
        soup(client.get(url))
    for name in ("message_send", "message_reply"):
        typed = filled_in(message)
        soup(client.post(address(name, message), typed, headers=HTMX))
    client.post(address("message_read", message))
    page = soup(client.get(address("conversation_detail", message)))
    assert page.select_one("#unread-count").text.strip() == ""
    assert Message.objects.filter(content="Some text that was typed").count() == 2


def test_pages_come_and_nobody_is_locked_out_without_a_cache(refused, as_ana, theirs):
    everything_works(as_ana, theirs)


def test_the_limiter_lets_people_through_without_a_cache(refused, rf, ana, settings):
    settings.ACCOUNT_RATE_LIMITS = {"message_send": "1/m/user"}
    request = rf.post("/")
    request.user = ana

    for _ in range(5):
        began = time.monotonic()
        assert ratelimit.consume(request, app="allauth.account", action="message_send")
        assert time.monotonic() - began < 1  # it waits a second for a lock it cannot take


def test_signing_in_works_without_a_cache(refused, client, ana):
    ana.set_password("correct horse battery")
    ana.save()

    login = {"login": "ana", "password": "correct horse battery"}
    response = client.post("/accounts/login/", login)

    assert response.status_code == 302
    assert client.get(url_of("inbox")).status_code == 200


class RaisingCache(forgiving_redis.RedisCache):
    """What a cache does that is not forgiving."""

    def __init__(self, server, params):
        super().__init__(server, params)

    def get(self, *args, **kwargs):
        raise ConnectionError("gone")

    set = add = delete = get_many = set_many = has_key = clear = get


def test_another_cache_would_take_the_pages_down(as_ana, theirs):
    """The premise of all the above."""
    backend = f"{__name__}.RaisingCache"
    cache = {"BACKEND": backend, "LOCATION": ADDRESS}
    # Where nothing can be cleared: the fixture that empties caches leaves these alone.
    with (
        override_settings(CACHES={"default": cache, "template_fragments": cache}),
        pytest.raises(ConnectionError),
    ):
        as_ana.get(address("conversation_detail", theirs))


# --- A real one -----------------------------------------------------------------------------------


class Server:
    """A redis-server of its own, which can be stopped and hung."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self.start()

    def start(self):
        options = ["--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", ""]
        self.process = subprocess.Popen(
            [REDIS, *map(str, options)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("redis-server did not start.")

    def hang(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.go_on()
            self.process.kill()
            self.process.wait()


REDIS = shutil.which("redis-server")


@pytest.fixture(scope="session")
def started(tmp_path_factory):
    if REDIS is None:
        if os.environ.get("REQUIRE_ALL"):
            raise AssertionError("redis-server is missing.")
        pytest.skip("redis-server is not here")
    server = Server(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def server(started):
    """The server, answering and empty."""
    if started.process.poll() is not None:
        started.start()
    with redis_at(f"redis://127.0.0.1:{started.port}/0"):
        caches["default"].clear()
        yield started
        if started.process.poll() is None:
            started.go_on()


@pytest.mark.db
def test_a_real_one_is_used(server, as_ana, theirs, monkeypatch):
    url = address("conversation_detail", theirs)
    first = soup(as_ana.get(url)).select_one("#feed")

    def fail(*args):
        raise AssertionError("rendered again")

    monkeypatch.setattr("chats.views.conversations.conversation_feed", fail)

    assert soup(as_ana.get(url)).select_one("#feed") == first


@pytest.mark.db
def test_requests_share_connections_though_each_has_a_context_of_its_own(server, as_ana, theirs):
    def ask():
        soup(as_ana.get(address("conversation_detail", theirs)))

    with redis.Redis(port=server.port) as counting:
        Context().run(ask)
        before = counting.info("stats")["total_connections_received"]
        for _ in range(5):
            Context().run(ask)

        assert counting.info("stats")["total_connections_received"] == before


@pytest.mark.db
def test_pages_come_when_it_stops(server, as_ana, theirs):
    as_ana.get(address("conversation_detail", theirs))
    server.process.kill()
    server.process.wait()

    everything_works(as_ana, theirs)


@pytest.mark.db
def test_a_hung_one_costs_its_patience_once(server, as_ana, theirs, monkeypatch):
    as_ana.get(address("conversation_detail", theirs))
    waited = []
    real = forgiving_redis.CircuitBreaker.lost
    monkeypatch.setattr(forgiving_redis, "PAUSE", 600)
    monkeypatch.setattr(
        forgiving_redis.CircuitBreaker,
        "lost",
        lambda line, error: [waited.append(error), real(line, error)],
    )
    server.hang()

    for _ in range(5):
        soup(as_ana.get(address("conversation_detail", theirs)))

    assert [type(error) for error in waited] == [TimeoutError]


@pytest.mark.db
def test_a_question_to_a_hung_one_takes_no_longer_than_its_patience(server):
    cache = caches["default"]
    cache.set("a", 1)
    server.hang()

    began = time.monotonic()
    assert cache.get("a") is None
    first = time.monotonic() - began
    began = time.monotonic()
    assert cache.get("a") is None
    second = time.monotonic() - began

    assert PATIENCE * 0.9 < first < PATIENCE * 5  # other tests take the processor meanwhile
    assert second < PATIENCE / 2


@pytest.mark.db
def test_everything_works_while_it_hangs(server, as_ana, theirs):
    server.hang()

    everything_works(as_ana, theirs)


@pytest.mark.db
def test_ten_threads_wait_for_a_hung_one_at_most_once_each(server):
    server.hang()
    times = []

    def ask():
        for _ in range(20):
            began = time.monotonic()
            caches["default"].get("a")
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(spent > PATIENCE / 2 for spent in times) <= len(threads)


@pytest.mark.db
def test_it_is_used_again_when_it_comes_back(server, monkeypatch):
    cache = caches["default"]
    cache.set("a", 1)
    server.hang()
    assert cache.get("a") is None
    server.go_on()
    monkeypatch.setattr(forgiving_redis, "PAUSE", 0)
    cache._breaker.silent_until = time.monotonic()

    assert cache.get("a") == 1


@pytest.mark.db
@pytest.mark.parametrize("foreign", [b"", b"nonsense", b"\x80\x05.", pickle.dumps(1)[:-1], b"\xff"])
def test_bytes_that_are_not_ours_are_a_miss(server, foreign):
    cache = caches["default"]
    cache.set("a", "ours")
    cache._cache.get_client(write=True).set(cache.make_key("a"), foreign)

    assert cache.get("a", "made again") == "made again"
    assert cache.get_many(["a"]) == {}


@pytest.mark.db
def test_a_real_one_keeps_what_it_is_given(server):
    cache = caches["default"]
    cache.set_many({"a": None, "b": ["list"], "c": 3})

    assert cache.get("a", "default") is None
    assert cache.get_many(["a", "b", "c", "d"]) == {"a": None, "b": ["list"], "c": 3}
    assert cache.incr("c") == 4
    assert not cache.add("b", 1)
    assert cache.add("d", (1, 2))
    assert cache.get("d") == (1, 2)


@pytest.mark.db
def test_what_others_put_under_our_names_is_not_shown(server, as_ana, as_ben, theirs, stranger):
    """Redis may be shared, restored, or written to by whoever gets in."""
    as_ana.get(address("conversation_detail", theirs))
    as_ben.get(address("conversation_detail", theirs))
    client = caches["default"]._cache.get_client(write=True)
    names = sorted(client.keys())
    kept = [client.get(name) for name in names]
    for name, value in zip(names, kept[1:] + kept[:1], strict=True):
        client.set(name, value)

    page = soup(as_ana.get(address("conversation_detail", theirs)))

    article = page.select_one(f"#m-{theirs.pk}")
    assert article.select_one(".msg-by").text == "Ben Ode"
    assert page.select_one("#conversation-list .row-name").text == "Ben Ode"
