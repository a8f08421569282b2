"""What monitoring sees of an installation: health, metrics and logs."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from messaging.models import Message
from operations.logs import AddRequestId, DiscreetFormatter, JsonFormatter, RemoveTokens
from operations.models import RunningWorker
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db

TOKEN = "a token of sixteen or more"


# --- Health ---------------------------------------------------------------------------------------


@pytest.fixture
def worker():
    return RunningWorker.objects.create(pk="one")


def health(client):
    response = client.get("/healthz")
    return response.status_code, dict(
        line.split() for line in response.content.decode().splitlines()
    )


@pytest.mark.db
def test_every_part_of_a_working_installation_is_ok(client, worker, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        status, states = health(client)

    assert status == 200
    assert states == {"database": "ok", "cache": "ok", "bus": "idle", "worker": "ok"}
    assert not client.cookies


def test_without_a_worker_the_status_is_still_200(client):
    status, states = health(client)

    assert (status, states["worker"]) == (200, "gone")


def test_a_worker_whose_tasks_wait_too_long_is_behind(client, worker):
    DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="accounts.mail_notifications.send_mail_notification",
        backend_name="default",
        run_after=timezone.now() - timezone.timedelta(minutes=6),
    )

    assert health(client)[1]["worker"] == "behind"


def test_without_a_cache_the_status_is_still_200(client, worker, monkeypatch):
    monkeypatch.setattr("operations.health.cache.get", lambda key: None)

    assert health(client) == (
        200,
        {"database": "ok", "cache": "gone", "bus": "idle", "worker": "ok"},
    )


def test_without_the_database_the_status_is_503(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr("django.db.models.query.QuerySet.exists", fail)

    assert health(client) == (
        503,
        {"database": "gone", "cache": "ok", "bus": "idle", "worker": "unknown"},
    )


# --- Metrics --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metrics", "headers", "status"),
    [
        ("", {}, 404),
        ("", {"Authorization": "Bearer "}, 404),
        ("local", {}, 200),
        ("local", {"X-Forwarded-For": "127.0.0.1"}, 404),
        (TOKEN, {}, 404),
        (TOKEN, {"Authorization": "Bearer another"}, 404),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_metrics_are_shown_only_to_those_who_may_see_them(
    client, settings, metrics, headers, status
):
    settings.METRICS = metrics

    assert client.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("address", "status"), [("::1", 200), ("10.0.0.1", 404), ("", 404), ("unix:", 404)]
)
def test_local_is_this_machine(settings, address, status):
    settings.METRICS = "local"

    assert Client(REMOTE_ADDR=address).get("/metrics").status_code == status


def test_metrics_count_responses_by_view_and_name_nobody(as_ana, ana, settings, worker):
    settings.METRICS = "local"
    message = MessageFactory(receiver=ana, content="The private words")
    as_ana.get(f"/c/{message.conversation_id}/")
    as_ana.get("/search/?q=private")

    text = as_ana.get("/metrics").content.decode()

    counted = 'parley_answer_seconds_count{method="GET",route="chats:conversation_detail",'
    assert counted in text
    assert "parley_workers 1.0" in text
    assert 'parley_tasks{state="waiting"} 0.0' in text
    assert "private" not in text
    assert "ana" not in text.replace("analyz", "")


def test_invented_methods_and_addresses_add_no_time_series(as_ana, settings):
    settings.METRICS = "local"
    as_ana.generic("BREW", "/no/such/address")

    text = as_ana.get("/metrics").content.decode()

    assert "BREW" not in text
    assert "no/such" not in text
    assert 'method="other",route="none",status="404"' in text


# --- Logs -----------------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch, settings):
    """The lines that the handler of an installation writes, parsed."""
    lines = []

    class Handler(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(self.format(record)))

    handler = Handler()
    handler.setFormatter(JsonFormatter())
    for one in settings.LOGGING["handlers"]["console"]["filters"]:
        handler.addFilter({"request_id": AddRequestId, "no_tokens": RemoveTokens}[one]())
    root = logging.getLogger()
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.INFO)
    logging.getLogger("parley.requests").manager._clear_cache()
    yield lines
    root.removeHandler(handler)


def test_the_log_of_a_refused_one_time_link_does_not_hold_its_token(client, log, db):
    for path in ("/accounts/join/a-token/", "/accounts/password/reset/key/3-a-token/"):
        client.get(path)

    messages = [line["message"] for line in log if line["logger"] == "django.request"]
    assert "Not Found: /accounts/join/…/" in messages
    assert "a-token" not in str(log)


def test_the_line_of_a_request_names_neither_its_address_nor_its_person(as_ana, log):
    response = as_ana.get("/search/?q=private")

    (line,) = [one for one in log if one["logger"] == "parley.requests"]
    assert line["route"] == "chats:search"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["ms"] > 0
    assert line["request_id"] == response["X-Request-ID"]
    assert "private" not in json.dumps(log)
    assert "ana" not in json.dumps(log)


def test_a_plain_line_holds_the_same_fields(as_ana, caplog):
    caplog.set_level(logging.INFO)
    as_ana.get("/search/?q=private")

    (record,) = [one for one in caplog.records if one.name == "parley.requests"]
    line = DiscreetFormatter("{name} {message}", style="{").format(record)
    assert line.startswith("parley.requests answered method=GET route=chats:search status=200 ms=")
    assert "private" not in line


@pytest.mark.parametrize(
    ("proxies", "received", "used"),
    [
        (1, "0123456789abcdef", True),
        (0, "0123456789abcdef", False),
        (1, "short", False),
        (1, "with a\nline break", False),
        (1, "x" * 65, False),
    ],
)
def test_only_our_own_proxy_may_choose_request_ids(client, settings, proxies, received, used):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies

    response = client.get("/healthz", headers={"X-Request-ID": received})

    assert (response["X-Request-ID"] == received) is used
    assert len(response["X-Request-ID"]) >= 16


def test_two_requests_have_two_ids(client):
    assert client.get("/healthz")["X-Request-ID"] != client.get("/healthz")["X-Request-ID"]


def chained_error():
    try:
        try:
            raise IntegrityError("Failing row contains (7, The private words)")
        except IntegrityError as error:
            raise RuntimeError("The private words again") from error
    except RuntimeError:
        return sys.exc_info()


@pytest.mark.parametrize("formatter", [JsonFormatter, DiscreetFormatter])
def test_an_error_is_logged_with_its_place_and_without_its_text(formatter):
    record = logging.LogRecord("x", logging.ERROR, "", 1, "It failed", (), chained_error())

    text = formatter().format(record)

    assert "private" not in text
    assert "django.db.utils.IntegrityError" in text
    assert "builtins.RuntimeError" in text
    assert "test_watching.py" in text


def test_a_failed_send_leaves_its_text_out_of_the_log(as_ana, ana, ben, log, monkeypatch):
    def fail(self, *args, **kwargs):
        raise RuntimeError(self.content)

    message = MessageFactory(sender=ben, receiver=ana)
    monkeypatch.setattr(Message, "save", fail)
    as_ana.raise_request_exception = False

    response = as_ana.post(
        f"/m/{message.pk}/reply/",
        {"content": "The private words", "client_key": "8e8b1c5e-6e1c-4b5b-9a3e-0d6c5f2b7a11"},
    )

    assert response.status_code == 500
    assert "private words" not in json.dumps(log)
    (line,) = [one for one in log if one["logger"] == "django.request"]
    assert "RuntimeError" in line["error"]
    assert line["request_id"] == response["X-Request-ID"]
