"""Many processes: nothing is lost, doubled or stale, whichever process is asked or ends.

ROLLING_RESTARTS says how often both processes are restarted under load.
"""

import os
import threading
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from tests.discretion import private_in
from tests.faults.rounds import rounds
from tests.live.listening import Listener
from tests.live.page import OpenPage
from tests.scaled_out.layout import scaled_out, wait_for
from tests.scaled_out.people import MAKE_PEOPLE, Person, Seen, talk
from tests.services_fixture import NotHere

RESTARTS = int(os.environ.get("ROLLING_RESTARTS", "3"))
PAIRS = 3


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    try:
        with scaled_out(tmp_path_factory.mktemp("scaled-out")) as layout:
            yield layout
    except NotHere as missing:
        pytest.skip(f"{missing} is not here")


def pairs_of(layout, seen, pairs=PAIRS):
    mark = uuid4().hex[:8]
    made = layout.script(MAKE_PEOPLE.format(pairs=pairs, mark=mark))
    people = [Person(layout.address, pk, session, seen) for pk, _user, session in made]
    return [people[start : start + 2] for start in range(0, len(people), 2)], made


@contextmanager
def load(layout, seen):
    """People who talk all the while."""
    pairs, _made = pairs_of(layout, seen)
    until = threading.Event()
    names = [f"{uuid4().hex[:8]} {place}" for place in range(len(pairs))]
    threads = [
        threading.Thread(target=talk, args=(pair, name, until))
        for pair, name in zip(pairs, names, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        until.set()
        for thread in threads:
            thread.join()


def sent_since(seen, number):
    """Back after so many messages more."""
    before = seen.sent.total()
    wait_for(lambda: seen.errors or seen.sent.total() >= before + number, "nobody can write")


def check(layout, seen):
    assert seen.errors == []
    assert seen.stale == []
    with psycopg.connect(layout.database) as connection:
        rows = connection.execute(
            "SELECT content, count(*) FROM messaging_message"
            " WHERE content LIKE '% says %' GROUP BY content"
        ).fetchall()
    stored = dict(rows)
    lost = [text for text in seen.sent if text not in stored]
    doubled = [text for text in seen.sent if stored.get(text, 1) != 1]
    assert lost == []
    assert doubled == []
    assert seen.sent.total() >= 10


def test_people_on_different_processes_see_the_same(layout):
    seen = Seen()
    with load(layout, seen):
        sent_since(seen, 12)

    check(layout, seen)
    assert set(seen.upstreams) == {f"127.0.0.1:{web.port}" for web in layout.webs}
    assert min(seen.upstreams.values()) >= 5
    assert seen.retries == 0


def test_a_process_that_is_killed_takes_nothing_with_it(layout):
    seen = Seen()
    with load(layout, seen):
        sent_since(seen, 5)
        layout.webs[0].kill()
        sent_since(seen, 5)
        layout.webs[0].start()
        layout.webs[0].wait_until_up()
        sent_since(seen, 5)

    check(layout, seen)


def heard_by(layout, web, session):
    """A stream through the proxy that `web` holds."""
    port = urlsplit(layout.address).port

    def heard():  # the proxy takes the processes by turns
        listener = Listener(port, session, again=True).open()
        if listener.response.headers["X-Upstream"].endswith(f":{web.port}"):
            return listener
        return listener.stop()

    return wait_for(heard, "no stream of this process")


def version_of(layout, user):
    with psycopg.connect(layout.database) as connection:
        return connection.execute(
            "SELECT version FROM messaging_mailbox WHERE user_id = %s", [user]
        ).fetchone()[0]


def test_people_on_different_processes_talk_live_though_one_is_killed(layout):
    seen = Seen()
    (pair,), made = pairs_of(layout, seen, pairs=1)
    # Whichever process takes a message: for one of the two it is the other one's.
    windows = [
        (
            OpenPage(person, f"/c/{conversation}/", layout.address),
            heard_by(layout, web, session),
            user,
        )
        for person, (conversation, user, session), web in zip(pair, made, layout.webs, strict=True)
    ]

    def say(text):
        """Both say it; both windows hear of it, and show it."""
        for place, person in enumerate(pair):
            person.send(f"{text} says {place}.")
        for page, listener, user in windows:
            newest = version_of(layout, user)
            assert listener.wait(lambda one, newest=newest: one.last == newest, 120)
            page.ask()
            page.press_everything()

    try:
        say(first := uuid4().hex[:8])
        assert [listener.opened for _page, listener, _user in windows] == [1, 1]
        layout.webs[0].kill()
        say(second := uuid4().hex[:8])
    finally:
        layout.webs[0].start()
        layout.webs[0].wait_until_up()
        for _page, listener, _user in windows:
            listener.stop()

    texts = [f"{word} says {place}." for word in (first, second) for place in (0, 1)]
    for page, listener, _user in windows:
        assert [said for said in page.find(".feed").stripped_strings if "says" in said] == texts
        assert listener.last == listener.versions[-1] == max(listener.versions)
    assert windows[0][1].opened > 1
    assert windows[1][1].opened == 1
    assert seen.errors == []


def test_no_proxy_keeps_news_to_itself(layout):
    """Our header is enough for nginx as it is, and our configuration for one that is deaf to it."""
    ((writer, _reader),), made = pairs_of(layout, Seen(), pairs=1)
    _conversation, user, session = made[1]
    listeners = {by: Listener(port, session) for by, port in layout.other_proxies.items()}
    try:
        for by, listener in listeners.items():
            assert listener.wait(lambda one: one.versions, 120), by
        writer.send(f"{uuid4().hex[:8]} says it at once.")
        newest = version_of(layout, user)
        for by, listener in listeners.items():
            assert listener.wait(lambda one: one.last >= newest, 120), by
    finally:
        for listener in listeners.values():
            listener.stop()


def test_the_proxy_does_not_write_down_what_is_searched_for(layout):
    ports = {"private": urlsplit(layout.address).port, "written": layout.other_proxies["header"]}
    for word, port in ports.items():
        address = f"http://127.0.0.1:{port}/search/?q={word}-{uuid4().hex[:8]}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200

    # nginx as it is would have: it does so for the other one.
    written = wait_for(lambda: layout.access_log.read_text(), "nothing is written down")
    assert "q=written" in written
    assert "q=private" not in written


def test_a_rolling_restart_is_not_noticed(layout):
    seen = Seen()
    with load(layout, seen):
        for _ in rounds(RESTARTS):
            for web in layout.webs:
                sent_since(seen, 2)
                web.end()
                web.start()
                web.wait_until_up()
        sent_since(seen, 2)

    check(layout, seen)
    for web in layout.webs:
        said = web.log.read_text()
        assert "Traceback" not in said
        assert not private_in(said)


def test_the_worker_of_its_own_sends_the_mail(layout):
    seen = Seen()
    (pair,), made = pairs_of(layout, seen, pairs=1)
    reader = made[1][1]
    layout.script(
        "from accounts import services\n"
        "from django.contrib.auth import get_user_model\n"
        f"user = get_user_model().objects.get(pk={reader})\n"
        "services.change_email(user=user, email='reader@example.org')\n"
        "services.save_preferences(user=user, mail='at_once')\n"
        "print('null')"
    )

    pair[0].send(f"{uuid4().hex[:8]} says a mail.")
    pair[0].send(f"{uuid4().hex[:8]} says no other.")
    (mail,) = wait_for(lambda: list(layout.mails.iterdir()), "no mail", layout.worker)

    wait_for(lambda: "To: reader@example.org" in mail.read_text(), "an empty mail")
    assert "says a mail" not in mail.read_text()
    assert f"{layout.address}/c/{made[0][0]}/" in mail.read_text().replace("=\n", "")


LARGE = 4_000
MAKE_LARGE = f"""
from django.contrib.auth import get_user_model
from messaging import services
from messaging.models import Conversation, Message, Notification

User = get_user_model()
one, other = (User.objects.create(username=f"large{{side}}") for side in "ab")
conversation = Conversation.objects.between(one, other)
made = Message.objects.bulk_create(
    Message(sender=one, receiver=other, content="Some words", conversation=conversation)
    for number in range({LARGE})
)
Notification.objects.bulk_create(Notification(user=other, message=message) for message in made)
pk = one.pk
one.delete()
assert not Message.objects.visible_to(other).exists()
print(pk)
"""


def test_a_large_account_goes_though_its_worker_is_killed(layout):
    def left(connection):
        return connection.execute(
            "SELECT count(*) FROM messaging_message WHERE sender_id = %s", [pk]
        ).fetchone()[0]

    pk = layout.script(MAKE_LARGE)
    with psycopg.connect(layout.database, autocommit=True) as connection:
        wait_for(lambda: left(connection) < LARGE, "nothing goes", layout.worker)
        layout.replace_worker()
        assert left(connection) > 0
        wait_for(lambda: left(connection) == 0, "it is not taken up", layout.worker)
        wait_for(
            lambda: (
                not connection.execute("SELECT 1 FROM auth_user WHERE id = %s", [pk]).fetchone()
            ),
            "its place stays",
            layout.worker,
        )


def test_health_tells_of_every_part_and_the_proxy_hides_the_figures(layout):
    def words():
        with urllib.request.urlopen(f"{layout.address}/healthz", timeout=30) as answer:
            return dict(line.split() for line in answer.read().decode().splitlines())

    # The worker says that it is there once it has started.
    wait_for(lambda: words()["worker"] == "ok", "no worker", layout.worker)
    said = words()
    assert said.pop("bus") in {"idle", "ok"}  # as long as somebody has listened not long ago
    assert said == {"database": "ok", "cache": "ok", "worker": "ok"}

    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{layout.address}/metrics", timeout=30)
