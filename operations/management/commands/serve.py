"""`manage.py serve`: from an empty folder to a running Parley, in one process."""

import fcntl
import hashlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from uvicorn.supervisors import Multiprocess

from accounts import deletion_ledger
from accounts.services import first_administrator_address
from operations.server import static_storage
from operations.server.application import end_page_threads
from operations.worker_supervisor import Supervised


class Command(BaseCommand):
    """Prepare the data folder and the database, then serve until told to stop."""

    help = "Prepares everything this installation needs, then serves on HOST and PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="fill the database with a lively sample first"
        )

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        if demo and settings.DATABASE_URL:
            raise CommandError("--demo makes people up: run it without DATABASE_URL.")
        # Until the server listens to signals itself, they just end this.
        _on_signals(_end)
        # What is written from here on, messages above all, is for nobody else on this machine.
        os.umask(0o077)
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)

        # First of all, or a second start would change the files of the one that is running.
        # Whoever connects before everything is ready waits.
        listening = self._listen()
        call_command("migrate", verbosity=0, interactive=False)
        with (settings.DATA_DIR / "static.lock").open("w") as lock:
            # Two that start at once with one folder would write the same files.
            fcntl.flock(lock, fcntl.LOCK_EX)
            _collect_static_files()
        if demo:
            call_command("make_demo", stdout=self.stdout, stderr=self.stderr)
        if settings.METRICS_DIR:
            for counted in settings.METRICS_DIR.glob("*.db"):  # by processes that have ended
                counted.unlink()
        self._greet()
        connections.close_all()
        self._serve(listening)

    def _listen(self) -> socket.socket:
        host, port = settings.HOST, settings.PORT
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=2048)
        except (OSError, OverflowError) as error:
            # Python adds to some texts where it was attempted.
            reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
            raise CommandError(
                f"{settings.SITE_NAME} cannot listen on {host}, port {port}: {reason.rstrip('.')}. "
                "Set HOST or PORT to choose another."
            ) from error
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Each connection inherits it: one whose other side has gone without a word, as
            # notebooks do, ends after so many milliseconds instead of a quarter of an hour.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
        return listening

    def _greet(self) -> None:
        deletion_ledger.resolve_started()

        self.stdout.write(f"{settings.SITE_NAME} is at {settings.SITE_URL}")
        if address := first_administrator_address():
            self.stdout.write(f"Make the administrator's account, once, at {address}")
        for hint in hints():
            self.stdout.write(hint)
        self.stdout.flush()

    def _serve(self, listening: socket.socket) -> None:
        config = uvicorn.Config(
            "messaging_app.asgi:application",
            loop="operations.server.event_loop:TakingTurns",
            workers=settings.WEB_CONCURRENCY,
            timeout_graceful_shutdown=settings.GRACE,
            # Django's settings say what is logged and how.
            log_config=None,
            # Its lines hold addresses, and the address of a search is what was searched for. Ours
            # (operations/middleware.py) come with LOG_LEVEL=INFO.
            access_log=False,
            # Django reads what a proxy tells, and trusts it only where the settings say so.
            proxy_headers=False,
            server_header=False,
            ws="none",
        )
        # The server raises the signal that ended it once more: by then there is nothing to do.
        _on_signals(lambda number, frame: None)
        with Supervised() if settings.WORKER else nullcontext():
            if settings.WEB_CONCURRENCY > 1:
                listening.set_inheritable(True)
                Multiprocess(config, sockets=[listening]).run()
                return
            uvicorn.Server(config).run(sockets=[listening])
        _abandon_unfinished_pages()


def hints() -> Iterator[str]:
    """What works, and is hardly meant."""
    if settings.WEB_CONCURRENCY > 1 and not settings.CACHE_URL:
        yield (
            f"Each of the {settings.WEB_CONCURRENCY} processes counts rate limits by itself: "
            "set CACHE_URL to make the limits exact."
        )
    if settings.SITE_URL.startswith("https:") and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        yield (
            "What speaks https in front of this server hides who comes, and limits take all for "
            "one: set TRUSTED_PROXIES=1."
        )
    if urlsplit(settings.SITE_URL).hostname in {"0.0.0.0", "::"}:  # noqa: S104  # nosec B104
        yield "Nobody reaches it by that name from another machine: set SITE_URL to one they type."


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    # A command that a test calls from a thread leaves signals to the test.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
        signal.signal(signal.SIGTERM, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _abandon_unfinished_pages() -> None:
    """Exit at once if a thread still renders a page after the graceful shutdown timeout."""
    if not end_page_threads():
        # Python would wait for the thread. The database rolls back what it has not committed.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _collect_static_files() -> None:
    """Copy, hash and compress static files, if they are not those of the last start."""
    # Compressing all of them takes seconds, reading them does not.
    wanted = _fingerprint()
    stamp = settings.DATA_DIR / "static.sha256"
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(wanted)


def _fingerprint() -> str:
    """A hash of everything that decides what `collectstatic` writes."""
    digest = hashlib.sha256()
    for package in ("django", "whitenoise", "brotli"):
        digest.update(f"{package} {version(package)}\0".encode())
    digest.update(f"{settings.STATIC_URL}\0".encode())
    digest.update(Path(static_storage.__file__).read_bytes())
    for finder in get_finders():
        for path, source in finder.list([]):
            digest.update(f"{path}\0".encode())
            with source.open(path) as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()
