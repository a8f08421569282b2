"""Mistakes in environment variables are refused in one sentence that names the variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging_app.environment import LEVELS, Environment


@pytest.fixture
def read(monkeypatch):
    """Call a method of the environment, with the variable X set to `value`."""

    def read(value, method, *args, **options):
        monkeypatch.setenv("X", value)
        return getattr(Environment(), method)("X", *args, **options)

    return read


@pytest.mark.parametrize(
    ("value", "number"), [("8080", 8080), (" 1 ", 1), ("65535", 65535), ("", 8000)]
)
def test_a_number_is_read(read, value, number):
    assert read(value, "number", 8000, least=1, most=65535) == number


@pytest.mark.parametrize("value", ["eight", "0", "65536", "-1", "1.5", "1_0", "٨"])
def test_a_number_out_of_bounds_is_refused(read, value):
    with pytest.raises(
        ImproperlyConfigured, match=r"^X must be a whole number from 1 to 65535, not"
    ):
        read(value, "number", 8000, least=1, most=65535)


@pytest.mark.parametrize(
    ("value", "flag"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)]
)
def test_a_flag_is_read(read, value, flag):
    assert read(value, "flag", default=True) is flag


def test_a_flag_is_true_or_false(read):
    with pytest.raises(ImproperlyConfigured, match=r"^X must be true or false, not 'perhaps'"):
        read("perhaps", "flag", default=True)


def test_a_choice_is_one_of_the_allowed_values(read):
    assert read("info", "choice", LEVELS, default="WARNING") == "INFO"
    assert read("", "choice", LEVELS, default="WARNING") == "WARNING"
    with pytest.raises(
        ImproperlyConfigured, match=r"^X must be DEBUG, INFO, WARNING, ERROR or CRITICAL"
    ):
        read("loud", "choice", LEVELS, default="WARNING")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://chat.example.org", "https://chat.example.org"),
        ("HTTPS://Chat.Example.Org/", "https://chat.example.org"),
        ("http://192.0.2.1:8000", "http://192.0.2.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_of_a_site_is_read(read, value, address):
    assert read(value, "site", default="http://127.0.0.1:8000") == address


@pytest.mark.parametrize(
    "value",
    [
        "chat.example.org",
        "https://",
        "ftp://chat.example.org",
        "https://chat.example.org/chat",
        "https://chat.example.org?chat",
        "https://ana@chat.example.org",
        "https://chat example.org",
        "http://::1:8000",
        "https://chat.example.org:https",
        "https://chat.example.org:65536",
    ],
)
def test_an_address_that_browsers_would_not_show_is_refused(read, value):
    with pytest.raises(ImproperlyConfigured, match=r"^X must be scheme://host"):
        read(value, "site", default="http://127.0.0.1:8000")


@pytest.mark.parametrize("value", ["Europe/Atlantis", "../etc", "Europe", "CEST or so"])
def test_a_time_zone_has_a_name_that_is_known(read, value):
    assert read("Europe/Berlin", "time_zone", default="UTC") == "Europe/Berlin"
    with pytest.raises(ImproperlyConfigured, match=r"^X must be the name of a time zone"):
        read(value, "time_zone", default="UTC")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("postgres://parley:p%40ss@localhost:5432/parley", "parley"),
        ("postgresql:///parley", "parley"),
        ("sqlite:////srv/parley.sqlite3", "/srv/parley.sqlite3"),
        ("sqlite://:memory:", ":memory:"),
    ],
)
def test_an_address_of_a_database_is_read(read, value, name):
    assert read(value, "database")["NAME"] == name


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("database", "secret"),
        ("database", "mysql://parley:secret@localhost/parley"),
        ("database", "postgres://parley:secret@localhost"),
        ("database", "postgres://parley:secret@localhost:port/parley"),
        ("redis", "secret"),
        ("redis", "http://:secret@localhost"),
        ("mail", "secret"),
        ("mail", "mail.example.org:secret"),
        ("mail", "imap://ana:secret@mail.example.org"),
        ("mail", "smtp+tls://ana:secret@"),
        ("mail", "smtp+tls://ana:secret@mail.example.org:port"),
    ],
)
def test_an_invalid_address_of_a_server_is_refused_and_not_repeated(read, method, value):
    """Warnings are errors in this run, so no warning repeats it either."""
    with pytest.raises(ImproperlyConfigured, match=r"^X must be the address of a ") as refused:
        read(value, method)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("method", ["database", "redis", "mail"])
def test_an_empty_variable_is_no_server(read, method):
    assert not read("", method)
