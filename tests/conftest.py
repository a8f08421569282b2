"""The people every test knows: `ana` and `ben` talk, `stranger` does not."""

import os

import hypothesis
import pytest
from django.core.cache import caches

from chats.live.buses import bus as the_bus
from messaging.models import Conversation
from tests import discretion
from tests.factories import MessageFactory, UserFactory

# The same examples in every run that decides over a change; new ones wherever people work.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

# Folders whose tests are all about the database: they run on PostgreSQL as well.
ON_BOTH_DATABASES = ("messaging", "search")
# Folders of which a file takes a minute begin first: else one process works at the last of them
# while the others have nothing left to do.
LONG = ("browser", "faults", "scaled_out", "safety", "live")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    # Before pytest leaves out what is not asked for by its marks.
    for item in items:
        if item.path.parent.name in ON_BOTH_DATABASES:
            item.add_marker(pytest.mark.db)
    yield
    # After pytest-randomly, which shuffles: within a folder the order stays random.
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    yield
    # On PostgreSQL without Redis word of news has a connection of its own, which would keep the
    # database of the tests from being dropped.
    the_bus().close()


@pytest.fixture(autouse=True)
def _empty_caches():
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture(autouse=True)
def _nothing_private_is_logged():
    """Whatever a test does, forced errors above all: no text, password or cookie is in the log."""
    discretion.told.clear()
    yield
    assert not discretion.told, "\n".join(discretion.told[:5])


@pytest.fixture
def ana(db):
    return UserFactory(username="ana", first_name="Ana Lima")


@pytest.fixture
def ben(db):
    return UserFactory(username="ben", first_name="Ben Ode")


@pytest.fixture
def stranger(db):
    return UserFactory(username="stranger", first_name="Sam Stranger")


@pytest.fixture
def conversation(ana, ben):
    return Conversation.objects.between(ana, ben)


@pytest.fixture
def message(ana, ben):
    """A message from ana to ben, who has not read it."""
    return MessageFactory(sender=ana, receiver=ben, content="Good morning, Ben")


@pytest.fixture
def as_ana(client, ana):
    client.force_login(ana)
    return client


@pytest.fixture
def as_ben(client, ben):
    client.force_login(ben)
    return client
