"""Measures every case in this process, on its own database: `python -m benchmarks.measure`.

The requests go to the WSGI application, as the threads of the server call it: with all middleware,
without a network. A case and the floor take turns, so that other load on the machine slows both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIHandler

    from benchmarks.cases import Case, Request
    from benchmarks.world import Landmarks

CSRF_TOKEN = "m" * 32
LEAST_ROUNDS = 15


@dataclass
class Result:
    """One row of the table."""

    case: str
    backend: str
    messages: int
    queries: int
    ms: float
    cpu_ms: float
    ratio: float
    kilobytes: float
    budget_queries: int
    budget_ratio: float
    ok: bool


class Browser:
    """Sends the requests of one person who is signed in."""

    def __init__(self, application: WSGIHandler, person: int) -> None:
        self.application = application
        self.cookies = f"sessionid={sign_in(person)}; csrftoken={CSRF_TOKEN}"

    def send(self, request: Request) -> bytes:
        """The body of the response, whose status must be 200."""
        path, _mark, query = request.path.partition("?")
        status = ""

        def start_response(
            line: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return lambda data: None  # Django does not use it

        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": self.cookies,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(request.body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if request.method == "POST":
            environ["HTTP_X_CSRFTOKEN"] = CSRF_TOKEN
        if request.part:
            environ["HTTP_HX_REQUEST"] = "true"
            environ["HTTP_HX_CURRENT_URL"] = "http://localhost/c/1/"
        response = self.application(environ, start_response)
        body = b"".join(response)
        response.close()
        assert status.startswith("200"), f"{request.method} {request.path}: {status}"  # noqa: S101
        return body


def sign_in(person: int) -> str:
    """The key of a new session of this person."""
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )

    user = get_user_model().objects.get(pk=person)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    key: str = session.session_key
    return key


def clear_caches() -> None:
    from django.core.cache import caches

    for cache in caches.all():
        cache.clear()


def measure(size: int, seconds: float, only: str = "") -> list[Result]:
    """The result of every case whose name contains `only`.

    Each case runs for `seconds`, and at least `LEAST_ROUNDS` times.
    """
    from django.core.wsgi import get_wsgi_application

    from benchmarks.cases import CASES, FLOOR
    from benchmarks.world_builder import landmarks

    at = landmarks(size, settings.DATA_DIR)
    application = get_wsgi_application()
    browsers = {person: Browser(application, person) for person in (at.reader, at.flooded)}
    results = []
    for case in (FLOOR, *CASES):
        if only.lower() in case.name.lower():
            results.append(measure_case(case, at, browsers, size, seconds))
    return results


def measure_case(
    case: Case, at: Landmarks, browsers: dict[int, Browser], size: int, seconds: float
) -> Result:
    from django.db import connection

    from benchmarks.cases import FLOOR

    browser = browsers[case.request(at).reader or at.reader]
    floor = FLOOR.request(at)
    for _attempt in range(3):
        body = browser.send(case.request(at))
        browser.send(floor)
    servers = server_processes()
    assert case.shows.encode() in body, f"{case.name}: {case.shows!r} is missing"  # noqa: S101
    queries = _statements(browser, case, at)
    rounds: list[tuple[float, float, float]] = []
    end = time.monotonic() + seconds
    while len(rounds) < LEAST_ROUNDS or time.monotonic() < end:
        _wall, before = timed(browser, floor, servers)
        if case.cold:
            clear_caches()
        wall, cpu = timed(browser, case.request(at), servers)
        _wall, after = timed(browser, floor, servers)
        rounds.append((wall, cpu, 2 * cpu / (before + after)))
    # The ratio of the work, not of the time: a busy machine interrupts a long request often and a
    # short one hardly ever.
    ratio = median(ratio for _wall, _cpu, ratio in rounds)
    return Result(
        case=case.name,
        backend=connection.vendor,
        messages=size,
        queries=queries,
        ms=round(1000 * median(wall for wall, _cpu, _ratio in rounds), 2),
        cpu_ms=round(1000 * median(cpu for _wall, cpu, _ratio in rounds), 2),
        ratio=round(ratio, 2),
        kilobytes=round(len(gzip.compress(body, 6)) / 1024, 1),
        budget_queries=case.queries,
        budget_ratio=case.ratio,
        ok=queries <= case.queries and (case is FLOOR or ratio <= case.ratio),
    )


def timed(browser: Browser, request: Request, servers: Sequence[Path] = ()) -> tuple[float, float]:
    """The seconds that a request takes by the clock, and the seconds of processor time: of this
    thread and of `servers`.
    """
    served = _seconds_of(servers)
    wall, cpu = time.perf_counter(), time.thread_time()
    browser.send(request)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    return wall, cpu + _seconds_of(servers) - served


def server_processes() -> list[Path]:
    """The files in which Linux counts the processor time of each PostgreSQL process that serves
    this process; none on SQLite.
    """
    from django.db import connection

    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        found = [Path(f"/proc/{pid}/schedstat") for (pid,) in cursor.fetchall()]
    connection.close()  # as after a request: it goes back to the pool
    return [path for path in found if path.exists()]


def _seconds_of(processes: Sequence[Path]) -> float:
    return sum(int(path.read_text().split()[0]) for path in processes) / 1e9


def _statements(browser: Browser, case: Case, at: Landmarks) -> int:
    """The number of SQL statements of the request, counted as the tests count them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.queries import statements

    if case.cold:
        clear_caches()
    with CaptureQueriesContext(connection) as captured:
        browser.send(case.request(at))
    return len(statements(captured))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("messages", type=int)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--output", type=Path, help="a file for the results")
    options = parser.parse_args()
    django.setup()
    results = measure(options.messages, options.seconds, options.only)
    if options.output:
        options.output.write_text(json.dumps([asdict(result) for result in results]))
        return
    for result in results:
        print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
