"""`manage.py serve`: prepares an installation and serves it."""

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
from operations.worker_supervisor import WorkerSupervisor


class Command(BaseCommand):
    """Prepare the data folder and the database, then serve until a signal ends the process."""

    help = "Prepares everything this installation needs, then serves on HOST and PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="first add a sample of people and messages"
        )

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        if demo and settings.DATABASE_URL:
            raise CommandError("--demo adds invented people: use it without DATABASE_URL.")
        # Until the server handles signals itself, they end the process.
        _on_signals(_end)
        # Other users of this machine may not read what is written from here on, above all messages.
        os.umask(0o077)
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)

        # This comes first, so that a second start fails before it changes files of the running
        # server. Connections that arrive before the server is ready wait.
        listening = self._listen()
        call_command("migrate", verbosity=0, interactive=False)
        with (settings.DATA_DIR / "static.lock").open("w") as lock:
            # Two processes that start at once in one folder would write the same files.
            fcntl.flock(lock, fcntl.LOCK_EX)
            _collect_static_files()
        if demo:
            call_command("make_demo", stdout=self.stdout, stderr=self.stderr)
        if settings.METRICS_DIR:
            for file in settings.METRICS_DIR.glob("*.db"):  # of processes that have ended
                file.unlink()
        self._print_addresses()
        connections.close_all()
        self._serve(listening)

    def _listen(self) -> socket.socket:
        """A socket that listens on HOST and PORT. Raises CommandError if that is not possible."""
        host, port = settings.HOST, settings.PORT
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=2048)
        except (OSError, OverflowError) as error:
            # Python appends "(while attempting to bind on address …)" to some texts.
            reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
            raise CommandError(
                f"{settings.SITE_NAME} cannot listen on {host}, port {port}: {reason.rstrip('.')}. "
                "Set HOST or PORT to choose another."
            ) from error
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Each connection inherits this. If the client vanishes, as a notebook does that goes to
            # sleep, the connection ends after 60 seconds instead of a quarter of an hour.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
        return listening

    def _print_addresses(self) -> None:
        deletion_ledger.resolve_started()

        self.stdout.write(f"{settings.SITE_NAME} is at {settings.SITE_URL}")
        if address := first_administrator_address():
            self.stdout.write(f"Create the administrator's account, once, at {address}")
        for hint in hints():
            self.stdout.write(hint)
        self.stdout.flush()

    def _serve(self, listening: socket.socket) -> None:
        config = uvicorn.Config(
            "messaging_app.asgi:application",
            loop="operations.server.event_loop:FairAcceptLoop",
            workers=settings.WEB_CONCURRENCY,
            timeout_graceful_shutdown=settings.GRACE,
            # Django's settings configure the log.
            log_config=None,
            # Its lines hold addresses, and the address of a search holds the query. Our own lines
            # (operations/middleware.py) come with LOG_LEVEL=INFO.
            access_log=False,
            # Django reads the headers of a proxy, and trusts them only if the settings say so.
            proxy_headers=False,
            server_header=False,
            ws="none",
        )
        # When uvicorn has ended it raises again the signal that ended it, which must do nothing.
        _on_signals(lambda number, frame: None)
        with WorkerSupervisor() if settings.WORKER else nullcontext():
            if settings.WEB_CONCURRENCY > 1:
                listening.set_inheritable(True)
                Multiprocess(config, sockets=[listening]).run()
                return
            uvicorn.Server(config).run(sockets=[listening])
        _abandon_unfinished_pages()


def hints() -> Iterator[str]:
    """Warnings about settings that are valid but probably unintended."""
    if settings.WEB_CONCURRENCY > 1 and not settings.CACHE_URL:
        yield (
            f"Each of the {settings.WEB_CONCURRENCY} processes counts rate limits separately. "
            "Set CACHE_URL to make the limits exact."
        )
    if settings.SITE_URL.startswith("https:") and not settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        yield (
            "The TLS proxy hides the addresses of clients, so rate limits treat everyone as one "
            "client. Set TRUSTED_PROXIES=1."
        )
    if urlsplit(settings.SITE_URL).hostname in {"0.0.0.0", "::"}:  # noqa: S104  # nosec B104
        yield "Other machines cannot reach this address. Set SITE_URL to one that they can."


def _on_signals(handler: Callable[[int, FrameType | None], None]) -> None:
    # Only the main thread may set handlers. Tests call the command in other threads.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, handler)
        signal.signal(signal.SIGTERM, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _abandon_unfinished_pages() -> None:
    """Exit at once if a thread still renders a page after the graceful shutdown timeout."""
    if not end_page_threads():
        # Python would wait for the thread. The database rolls back its open transaction.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _collect_static_files() -> None:
    """Copy, hash and compress static files if they have changed since the last start."""
    # Compressing all files takes seconds; reading them is fast.
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
