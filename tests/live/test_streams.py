"""Streams of a real server: who may open one, what comes through, and when they end."""

import asyncio
import gc
import http.client
import os
import signal
import time
import weakref
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from accounts import services as account_services
from chats.live.event_stream import OpenStream, Streams
from chats.live.sessions import Reader
from messaging.models import Mailbox
from tests.factories import MessageFactory
from tests.live.conftest import spoken_by
from tests.live.listening import Listener, within


def version_of(user):
    return Mailbox.objects.get(user=user).version


def asked(server, session=None, **headers):
    """What the server answers to a request for a stream; its line is left."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    cookie = {"Cookie": f"sessionid={session}"} if session else {}
    line.request("GET", "/live/", headers=cookie | headers)
    response = line.getresponse()
    line.close()
    return response


def test_an_event_comes_for_both_people_and_nobody_else(serve, bus, listen, ana, ben, stranger):
    server = serve(**bus)
    listeners = {user: listen(server, user).open() for user in (ana, ben, stranger)}
    before = version_of(stranger)

    MessageFactory(sender=ana, receiver=ben)

    for user in (ana, ben):
        assert listeners[user].wait(lambda one, user=user: one.last == version_of(user))
    assert set(listeners[stranger].versions) == {before}


def test_a_process_hears_of_what_another_one_did(serve, bus, listen, ana, ben):
    servers = [serve(**bus), serve(**bus)]
    listeners = [
        listen(server, user).open() for server, user in zip(servers, (ana, ben), strict=True)
    ]

    MessageFactory(sender=ana, receiver=ben)

    for listener, user in zip(listeners, (ana, ben), strict=True):
        assert listener.wait(lambda one, user=user: one.last == version_of(user))


def test_events_hold_versions_and_nothing_else(serve, listen, ana, ben):
    server = serve()
    listener = listen(server, ana).open()
    MessageFactory(sender=ben, receiver=ana, content="Secret words")
    assert listener.wait(lambda one: one.last == version_of(ana))

    lines = {line.partition(":")[0] for line in listener.text.splitlines() if line}
    assert lines == {"event", "data"}
    assert "Secret" not in listener.text


def test_a_stream_has_the_headers_of_our_pages(serve, listen, ana):
    headers = listen(serve(), ana).open().response.headers

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["X-Accel-Buffering"] == "no"
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Content-Length" not in headers


def test_only_our_own_pages_of_somebody_signed_in_get_one(serve, session_of, ana):
    server = serve()
    session = session_of(ana)

    assert asked(server).status == 401
    assert asked(server, session, Origin="https://elsewhere.example").status == 403
    assert asked(server, session, **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert asked(server, session, Host="elsewhere.example").status == 400
    assert asked(server, session, **{"Sec-Fetch-Site": "same-origin"}).status == 200


def test_django_alone_says_that_it_holds_none(as_ana):
    response = as_ana.get("/live/")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_one_person_and_one_process_hold_so_many(serve, listen, session_of, ana, ben):
    server = serve(LIVE_STREAMS="3", LIVE_STREAMS_PER_PERSON="2")
    mine = [listen(server, ana).open() for _ in range(2)]

    refused = asked(server, session_of(ana))
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    listen(server, ben).open()
    assert asked(server, session_of(ben)).status == 503  # of three, none is left
    mine[0].stop()

    assert within(30, lambda: asked(server, session_of(ana)).status == 200)


def deactivate(user):
    user.is_active = False
    user.save()


def change_password(user):
    user.set_password("another one, and long")
    user.save()


def forget(session):
    Session.objects.filter(session_key=session).delete()


def revoke(user, session):
    # What signing in by the page notes down.
    UserSession.objects.create(user=user, session_key=session, ip="127.0.0.1", user_agent="a test")
    account_services.end_sessions(user.pk)


ENDS = {
    "logout": lambda user, session: forget(session),
    "sessions revoked": revoke,
    "deactivated": lambda user, session: deactivate(user),
    "password changed": lambda user, session: change_password(user),
    "deleted": lambda user, session: account_services.delete_account(user),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_stream_ends_with_what_let_its_reader_in(serve, listen, session_of, ana, ben, how):
    server = serve()
    session = session_of(ana)
    listener = listen(server, ana, session).open()
    other = listen(server, ben).open()
    heard = listener.last

    ENDS[how](ana, session)
    began = time.monotonic()
    if how != "deleted":
        MessageFactory(sender=ben, receiver=ana)  # of which nothing goes through

    assert listener.wait(lambda one: one.over)
    assert time.monotonic() - began < 15  # five seconds, where others do not take the processor
    assert set(listener.versions) == {heard}
    assert not other.over


def test_the_server_ends_at_once_with_streams_open(serve, listen, ana, ben):
    server = serve()
    listeners = [listen(server, user).open() for user in (ana, ben)]

    said = server.end(signal.SIGINT)

    assert "Traceback" not in said
    assert "Cancel" not in said  # nothing had to be broken off
    for listener in listeners:
        assert listener.wait(lambda one: one.over)


def test_streams_have_no_threads_and_no_database_connections(serve, listen, ana):
    server = serve(LIVE_STREAMS_PER_PERSON="100")
    listen(server, ana).open()
    before = threads_and_files(server)

    for _ in range(30):
        listen(server, ana).open()

    threads, files = threads_and_files(server)
    assert threads <= before[0] + 1
    assert files <= before[1] + 30 + 2


def test_a_stream_keeps_nothing_of_the_request_that_opened_it(settings, monkeypatch):
    """Of thousands, that would be half of what they take."""
    monkeypatch.setattr("chats.live.event_stream.versions_of", lambda people, conversations: {})
    made = []

    def let_in(request):
        answer = OpenStream(Reader("a session", 1, 0), 1)
        made.extend((weakref.ref(request), weakref.ref(answer)))
        return answer

    async def run():
        streams = Streams()
        streams.get_response = let_in
        told, gone = asyncio.Event(), asyncio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.body":
                told.set()

        scope = {"type": "http", "method": "GET", "path": "/live/", "query_string": b""}
        stream = asyncio.create_task(streams(scope | {"headers": []}, receive, send))
        await told.wait()
        gc.collect()
        assert [kept() for kept in made] == [None, None]
        gone.set()
        await stream
        streams.close_all()

    with spoken_by("memory", settings):
        asyncio.run(run())


def threads_and_files(server):
    process = Path(f"/proc/{server.process.pid}")
    return len(os.listdir(process / "task")), len(os.listdir(process / "fd"))


def test_a_restarted_server_is_found_again(serve, session_of, ana, ben):
    first = serve()
    listener = Listener(first.port, session_of(ana), again=True)
    try:
        listener.open()
        first.end()
        MessageFactory(sender=ben, receiver=ana)
        listener.port = serve().port

        assert listener.wait(lambda one: one.last == version_of(ana))
    finally:
        listener.stop()
