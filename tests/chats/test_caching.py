"""The cached list: fast, never another reader's, never stale.

Each promise is checked on ours, and on the naive decorator that it guards against: if that one
kept it too, the check would be worth nothing.
"""

import pickle
import time
from functools import wraps

import pytest
from django.conf import settings as configured
from django.contrib.auth.decorators import login_required
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from django.views.decorators.cache import cache_page

from accounts.models import Preferences
from chats import caching, page_shell
from chats.views import conversations
from messaging import services
from messaging.models import Conversation, Message
from tests.cached_bytes import bytes_kept, redis_of
from tests.chats.addresses import address, filled_in, url_of
from tests.chats.conftest import HTMX, signed_in
from tests.factories import MessageFactory, reply_to
from tests.html import soup
from tests.queries import statements

# --- Naive decorators -----------------------------------------------------------------------------


def bare(request, pk):
    """The list without any cache, as a page or as a part."""
    conversation = caching.find_conversation(request.user, pk)
    render = conversations.cached_list.__wrapped__
    part = render(caching.list_request(request.user, pk), conversation).content.decode()
    return HttpResponse(part if request.htmx else f"<html><body>{part}</body></html>")


def inside(view):
    """What everybody writes first."""
    return login_required(cache_page(60)(view))


def outside(view):
    return cache_page(60)(login_required(view))


def by_user(view):
    """One entry for each person and address, whatever has changed since."""

    @login_required
    @wraps(view)
    def cached(request, pk):
        return cache_page(60, key_prefix=str(request.user.pk))(view)(request, pk)

    return cached


def by_version_read_afterwards(view):
    @login_required
    @wraps(view)
    def cached(request, pk):
        found = caches["default"].get(f"{request.user.pk}:{pk}:{version_of(pk)}")
        if found:
            return found
        response = view(request, pk)
        caches["default"].set(f"{request.user.pk}:{pk}:{version_of(pk)}", response)
        return response

    return cached


def version_of(pk):
    return Conversation.objects.values_list("version", flat=True).get(pk=pk)


def without_the_day(view):
    """As ours, but one day's list is good enough for the next."""

    @login_required
    @wraps(view)
    def cached(request, pk):
        key = f"{request.user.pk}:{version_of(pk)}"
        return cache_page(60, key_prefix=key)(view)(request, pk)

    return cached


NAIVE = {
    "inside": inside,
    "outside": outside,
    "by_user": by_user,
    "afterwards": by_version_read_afterwards,
    "without_the_day": without_the_day,
}

urlpatterns = [
    *(path(f"naive/{name}/<int:pk>/", decorate(bare)) for name, decorate in NAIVE.items()),
    path("", include("messaging_app.urls")),
]


# --- Promises -------------------------------------------------------------------------------------


class World:
    """A conversation of ana's, and everybody who might ask for its list at `address`."""

    def __init__(self, ana, ben, stranger, travel, naive=None):
        self.ana, self.ben = ana, ben
        self.travel = travel
        self.mine = MessageFactory(sender=ana, receiver=ben, content="What ana wrote")
        self.theirs = MessageFactory(sender=ben, receiver=ana, content="What ben wrote")
        pk = self.mine.conversation_id
        self.address = f"/naive/{naive}/{pk}/" if naive else url_of("conversation_messages", pk)
        self.as_ana, self.as_ben = signed_in(ana), signed_in(ben)
        self.as_stranger, self.as_nobody = signed_in(stranger), Client()

    def list(self, client, **headers):
        return soup(client.get(self.address, headers=HTMX | headers))

    def article(self, client, message):
        return self.list(client).select_one(f"#m-{message.pk}")


def other_members_have_their_own(world):
    world.list(world.as_ana)
    assert world.article(world.as_ben, world.mine).select_one(".msg-by").text == "Ana Lima"
    assert world.article(world.as_ana, world.mine).select_one(".msg-by").text == "You"


def strangers_get_nothing(world):
    world.list(world.as_ana)
    response = world.as_stranger.get(world.address, headers=HTMX)
    assert response.status_code == 404


def visitors_get_nothing(world):
    world.list(world.as_ana)
    response = world.as_nobody.get(world.address, headers=HTMX)
    assert response.status_code in {302, 401}


def ended_sessions_get_nothing(world):
    world.list(world.as_ana)
    Session.objects.all().delete()
    response = world.as_ana.get(world.address, headers=HTMX)
    assert response.status_code in {302, 401}


def an_own_message_shows(world):
    world.list(world.as_ana)
    typed = filled_in(world.mine)
    world.as_ana.post(url_of("message_send", world.mine.conversation_id), typed)
    assert typed["content"] in world.list(world.as_ana).get_text()


def a_message_of_the_other_shows(world):
    world.list(world.as_ana)
    MessageFactory(sender=world.ben, receiver=world.ana, content="And another")
    assert "And another" in world.list(world.as_ana).get_text()


def a_reply_shows(world):
    world.list(world.as_ana)
    reply_to(world.mine, "An answer")
    assert "An answer" in world.list(world.as_ana).get_text()


def an_edit_shows(world):
    world.list(world.as_ana)
    typed = filled_in(world.mine, content="What ana meant")
    world.as_ana.post(address("message_edit", world.mine), typed)
    assert world.mine.content not in world.list(world.as_ana).get_text()


def an_edit_shows_to_the_other(world):
    world.list(world.as_ben)
    typed = filled_in(world.mine, content="What ana meant")
    world.as_ana.post(address("message_edit", world.mine), typed)
    assert world.mine.content not in world.list(world.as_ben).get_text()


def a_read_mark_shows(world):
    assert world.article(world.as_ana, world.theirs).select(".unread-mark")
    world.as_ana.post(address("message_read", world.theirs))
    assert not world.article(world.as_ana, world.theirs).select(".unread-mark")
    world.as_ana.post(address("message_unread", world.theirs))
    assert world.article(world.as_ana, world.theirs).select(".unread-mark")


def a_deletion_shows(world):
    world.list(world.as_ben)
    world.as_ana.post(address("message_delete", world.mine))
    assert world.mine.content not in world.list(world.as_ben).get_text()


def a_new_name_shows(world):
    world.list(world.as_ana)
    world.ben.first_name = "Benedict"
    world.ben.save()
    assert "Benedict" in world.list(world.as_ana).get_text()


def what_did_not_happen_does_not_show(world):
    world.list(world.as_ana)
    try:
        with transaction.atomic():
            MessageFactory(sender=world.ana, receiver=world.ben, content="Never mind")
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    MessageFactory(sender=world.ana, receiver=world.ben, content="Instead")
    text = world.list(world.as_ana).get_text()
    assert "Instead" in text
    assert "Never mind" not in text


def a_slow_list_is_not_served_after_a_change(world):
    """The list is made, somebody writes, and only then it is kept."""
    real, changes = conversations.conversation_feed, ["Written meanwhile"]

    def slow(*args):
        feed = real(*args)
        while changes:
            MessageFactory(sender=world.ben, receiver=world.ana, content=changes.pop())
        return feed

    conversations.conversation_feed = slow
    try:
        assert "Written meanwhile" not in world.list(world.as_ana).get_text()
    finally:
        conversations.conversation_feed = real
    assert "Written meanwhile" in world.list(world.as_ana).get_text()


def a_slow_list_is_not_served_after_a_read_mark(world):
    real, changes = conversations.conversation_feed, [world.theirs]

    def slow(*args):
        feed = real(*args)
        while changes:
            theirs = Message.objects.filter(pk=changes.pop().pk)
            services.mark_as_read(reader=world.ana, messages=theirs)
        return feed

    conversations.conversation_feed = slow
    try:
        assert world.article(world.as_ana, world.theirs).select(".unread-mark")
    finally:
        conversations.conversation_feed = real
    assert not world.article(world.as_ana, world.theirs).select(".unread-mark")


def a_part_is_no_page(world):
    page = world.as_ana.get(world.address, follow=True)
    part = world.as_ana.get(world.address, headers=HTMX)
    page_again = world.as_ana.get(world.address, follow=True)
    assert b"<html" in page.content
    assert b"<html" not in part.content
    assert b"<html" in page_again.content


def today_becomes_yesterday(world):
    Message.objects.update(timestamp="2026-03-02T10:00Z")
    world.travel("2026-03-02T12:00Z")
    world.as_ana = signed_in(world.ana)
    assert world.list(world.as_ana).select_one(".divider").text == "Today"
    world.travel("2026-03-03T12:00Z")
    assert world.list(world.as_ana).select_one(".divider").text == "Yesterday"


# Each promise, and the naive decorator that breaks it.
PROMISES = [
    (other_members_have_their_own, "inside"),
    (strangers_get_nothing, "inside"),
    (visitors_get_nothing, "outside"),
    (ended_sessions_get_nothing, "outside"),
    (an_own_message_shows, "by_user"),
    (a_message_of_the_other_shows, "by_user"),
    (a_reply_shows, "by_user"),
    (an_edit_shows, "by_user"),
    (an_edit_shows_to_the_other, "by_user"),
    (a_read_mark_shows, "by_user"),
    (a_read_mark_shows, "without_the_day"),
    (a_deletion_shows, "by_user"),
    (a_new_name_shows, "by_user"),
    (what_did_not_happen_does_not_show, "by_user"),
    (a_slow_list_is_not_served_after_a_change, "afterwards"),
    (a_slow_list_is_not_served_after_a_read_mark, "afterwards"),
    (a_part_is_no_page, "by_user"),
    (today_becomes_yesterday, "without_the_day"),
]


@pytest.fixture
def world(ana, ben, stranger, time_travel):
    return World(ana, ben, stranger, time_travel)


@pytest.mark.parametrize("promise", dict.fromkeys(promise for promise, _ in PROMISES))
def test_the_cache_keeps_its_promise(world, promise):
    promise(world)


@pytest.mark.parametrize(("promise", "naive"), PROMISES)
def test_a_naive_cache_breaks_the_promise(
    settings, ana, ben, stranger, time_travel, promise, naive
):
    settings.ROOT_URLCONF = __name__
    world = World(ana, ben, stranger, time_travel, naive)

    with pytest.raises(AssertionError):
        promise(world)


def test_nothing_is_rendered_inside_a_transaction_that_may_be_undone():
    """Two changes can have the same version, if the first is rolled back."""
    assert not configured.DATABASES["default"].get("ATOMIC_REQUESTS")


# --- One entry for all ways to ask ----------------------------------------------------------------


def entries(alias="default"):
    """What is kept, by its key."""
    found = {key: pickle.loads(value) for key, value in bytes_kept(caches[alias]).items()}  # noqa: S301
    if redis_of(caches[alias]) is None:
        return found
    return {key: kept for key, (_bound_to, kept) in found.items()}


def lists():
    """The lists that are kept, by their key."""
    return {key: kept for key, kept in entries().items() if isinstance(kept, HttpResponse)}


@pytest.fixture
def rendered(monkeypatch):
    """How often the list has been made."""
    made = []
    real = conversations.conversation_feed

    def counted(*args):
        made.append(args)
        return real(*args)

    monkeypatch.setattr(conversations, "conversation_feed", counted)
    return made


def test_page_and_part_share_one_entry(world, rendered):
    page = soup(world.as_ana.get(url_of("conversation_detail", world.mine.conversation_id)))

    part = world.list(world.as_ana)

    assert len(rendered) == 1
    assert len(lists()) == 1
    assert page.select_one("#feed") == part.select_one("#feed")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?utm_source=mail",
        "?x=1&y=2",
        "?before=",
        "?before=x",
        "?before=0",
        "?before=-5",
        f"?before={2**64}",
        "?before=1&x=2",
        "?part=thread",
        "?page=2&page=3",
        "?BEFORE=5",
    ],
)
def test_what_nobody_links_to_adds_no_entry(world, query):
    world.list(world.as_ana)
    kept = set(entries())

    for url in (world.address, url_of("conversation_detail", world.mine.conversation_id)):
        for headers in (None, HTMX):
            world.as_ana.get(f"{url}{query}", headers=headers, follow=True)

    added = {key for key in set(entries()) - kept if "cache_page" in key}
    # A number may be where older messages begin. All other addresses are the first page's.
    assert len(added) <= ("before=1" in query)


def test_one_list_has_one_entry_however_it_is_spelt(world, rendered):
    pk, before = world.mine.conversation_id, world.theirs.pk
    for url in (
        f"/c/{pk}/messages/?before={before}",
        f"/c/000{pk}/messages/?before={before}",
        f"/c/{pk}/messages/?before=00{before}",
        f"/c/{pk}/messages/?before=7&before={before}",
    ):
        soup(world.as_ana.get(url, headers=HTMX))
    soup(world.as_ana.get(f"/c/{pk}/?before={before}"))

    assert len(rendered) == 1
    assert len(lists()) == 1


def test_each_name_of_the_site_has_the_same_entry(settings, world, rendered):
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    for host in settings.ALLOWED_HOSTS:
        world.list(world.as_ana, host=host)

    assert len(rendered) == 1


def test_each_release_has_entries_of_its_own(world, rendered, monkeypatch):
    """Redis outlives an upgrade; markup that the new style sheet does not know must not."""
    world.list(world.as_ana)
    monkeypatch.setattr(caching, "RELEASE", "another")
    world.list(world.as_ana)

    assert len(rendered) == 2


def test_older_messages_have_an_entry_of_their_own(world):
    newest = world.list(world.as_ana)
    older = soup(world.as_ana.get(f"{world.address}?before={world.theirs.pk}", headers=HTMX))

    assert len(lists()) == 2
    assert len(newest.select("article")) == 2
    assert len(older.select("article")) == 1


def test_each_language_has_an_entry_of_its_own(world):
    Message.objects.update(timestamp="2026-03-02T10:00Z")

    dividers = {
        language: world.list(world.as_ana, accept_language=language).select_one(".divider").text
        for language in ("en", "de", "en")
    }

    assert dividers == {"en": "Monday 2 March", "de": "Montag, 2. März"}
    assert len(lists()) == 2


def choose_time_zone(user, zone):
    """Without a new version of the mailbox: the key of an entry has to name the zone itself."""
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": zone})


def test_each_time_zone_has_an_entry_of_its_own(world):
    Message.objects.update(timestamp="2026-03-02T10:00Z")
    times = []
    for zone in ("Asia/Tokyo", "America/Lima", "Asia/Tokyo"):
        choose_time_zone(world.ana, zone)
        times.append(world.article(world.as_ana, world.mine).select_one(".msg-time").text[-5:])

    assert times == ["19:00", "05:00", "19:00"]
    assert len(lists()) == 2


def test_the_day_ends_at_the_readers_midnight(world):
    Message.objects.update(timestamp="2026-03-02T10:00Z")
    choose_time_zone(world.ana, "Asia/Tokyo")
    world.travel("2026-03-02T14:59Z")
    as_ana = signed_in(world.ana)
    assert world.list(as_ana).select_one(".divider").text == "Today"

    world.travel("2026-03-02T15:01Z")

    assert world.list(as_ana).select_one(".divider").text == "Yesterday"


# --- What the other person does -------------------------------------------------------------------


def test_reading_a_message_tells_its_sender_nothing(world, rendered):
    before = world.as_ana.get(world.address, headers=HTMX)
    page_before = soup(world.as_ana.get(url_of("conversation_detail", world.mine.conversation_id)))

    world.as_ben.post(address("message_read", world.mine))

    after = world.as_ana.get(world.address, headers=HTMX)
    page_after = soup(world.as_ana.get(url_of("conversation_detail", world.mine.conversation_id)))
    assert after.content == before.content
    assert len(rendered) == 1
    assert page_after.select_one("#conversation-list") == page_before.select_one(
        "#conversation-list"
    )


def test_a_change_elsewhere_leaves_the_entry_alone(world, stranger, rendered):
    world.list(world.as_ana)

    MessageFactory(sender=stranger, receiver=world.ana)
    world.list(world.as_ana)

    assert len(rendered) == 1


# --- What is kept ---------------------------------------------------------------------------------


def test_nothing_of_a_request_is_kept(world):
    as_ana = Client(enforce_csrf_checks=True)
    as_ana.force_login(world.ana)
    page = soup(
        as_ana.get(url_of("conversation_detail", world.mine.conversation_id) + "?next=/evil/")
    )
    token = page.select_one("[name=csrfmiddlewaretoken]")["value"]
    extra = MessageFactory(sender=world.ana, receiver=world.ben)
    as_ana.post(address("message_delete", extra), {"csrfmiddlewaretoken": token})
    with_flash = soup(as_ana.get(url_of("conversation_detail", world.mine.conversation_id)))
    as_ana.get(url_of("inbox"))
    as_ana.get(
        url_of("conversation_detail", world.mine.conversation_id), headers={"host": "localhost"}
    )
    assert "Message deleted" in with_flash.select_one("#toasts").text  # or nothing is proved

    kept = b"".join(
        [
            *bytes_kept(caches["default"]).values(),
            *bytes_kept(caches["template_fragments"]).values(),
        ]
    )

    assert len(lists()) >= 2
    assert b"What ana wrote" in kept
    forbidden = {
        "csrf": b"csrf",
        "token": token.encode(),
        "session": as_ana.cookies["sessionid"].value.encode(),
        "csrf cookie": as_ana.cookies["csrftoken"].value.encode(),
        "key": page.select_one("#composer [name=client_key]")["value"].encode(),
        "keys": b"client_key",
        "next": b"next",
        "flash": b"Message deleted",
        "form": b"<form",
        "input": b"<input",
        "current": b"aria-current",
        "vary": b"Vary",
    }
    assert {name for name, bytes_ in forbidden.items() if bytes_ in kept} == set()


def test_a_kept_answer_says_nothing_of_how_it_was_kept(world):
    for _ in range(2):
        response = world.as_ana.get(world.address, headers=HTMX)
        assert response["Cache-Control"] == "private, no-store"
        assert not {caching.STORED_UNDER, "Expires", "Age", "ETag"} & set(response.headers)
        assert {"HX-Request", "Cookie"} <= set(response["Vary"].split(", "))


def test_each_page_has_a_token_and_a_key_of_its_own(world):
    url = url_of("conversation_detail", world.mine.conversation_id)
    first, second = (soup(world.as_ana.get(url)) for _ in range(2))

    keys = {page.select_one("#composer [name=client_key]")["value"] for page in (first, second)}
    assert len(keys) == 2


def test_swapped_entries_are_found_out(world):
    world.list(world.as_ana)
    world.list(world.as_ben)
    one, other = lists()
    kept, client = bytes_kept(caches["default"]), redis_of(caches["default"])
    for key, bytes_ in ((one, kept[other]), (other, kept[one])):
        if client is None:
            caches["default"]._cache[key] = bytes_
        else:
            client.set(key, bytes_)

    other_members_have_their_own(world)


def test_a_list_that_fails_is_not_kept(world, monkeypatch):
    def fail(*args):
        raise RuntimeError

    world.as_ana.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(conversations, "conversation_feed", fail)
        assert world.as_ana.get(world.address, headers=HTMX).status_code == 500

    assert not lists()
    world.list(world.as_ana)


def test_an_entry_ends_after_a_minute(world):
    world.list(world.as_ana)

    [key] = lists()
    if client := redis_of(caches["default"]):
        left = client.ttl(key)
    else:
        left = caches["default"]._expire_info[key] - time.time()
    assert 0 < left <= 60


def test_who_may_see_a_list_is_asked_each_time(world, django_assert_num_queries):
    world.list(world.as_ana)

    with django_assert_num_queries(3) as captured:
        world.list(world.as_ana)

    assert "participant" in statements(captured)[-1]


def test_a_person_who_left_sees_nothing_more(world):
    world.list(world.as_ana)
    Conversation.objects.get(pk=world.mine.conversation_id).participants.filter(
        user=world.ana
    ).delete()

    assert world.as_ana.get(world.address, headers=HTMX).status_code == 404


# --- The list of conversations --------------------------------------------------------------------


def rows(client, url=None):
    return soup(client.get(url or reverse("chats:inbox"))).select_one("#conversation-list")


def test_the_rows_are_kept(world, monkeypatch):
    first = rows(world.as_ana)

    def fail(*args):
        raise AssertionError("made again")

    monkeypatch.setattr("chats.page_shell._rows", fail)

    assert rows(world.as_ana) == first
    with pytest.raises(AssertionError):
        rows(world.as_ben)


def test_everybody_has_rows_of_their_own(world):
    assert "Ben Ode" in rows(world.as_ana).text
    assert "Ana Lima" in rows(world.as_ben).text
    assert not rows(world.as_stranger).select("a.row-c")


def test_rows_show_what_has_just_changed(world):
    assert rows(world.as_ana).select_one(".count").text == "1"
    assert "What ben wrote" in rows(world.as_ana).text

    world.as_ana.post(address("message_read", world.theirs))
    assert not rows(world.as_ana).select(".count")
    world.as_ana.post(address("message_unread", world.theirs))
    assert rows(world.as_ana).select_one(".count").text == "1"

    MessageFactory(sender=world.ben, receiver=world.ana, content="And more")
    assert rows(world.as_ana).select_one(".count").text == "2"
    assert "And more" in rows(world.as_ana).text

    services.delete_message(message=Message.objects.latest("pk"), author=world.ben)
    assert "And more" not in rows(world.as_ana).text

    typed = filled_in(world.mine, content="What ana meant")
    mine_last = MessageFactory(sender=world.ana, receiver=world.ben, content="Last")
    assert "You: Last" in rows(world.as_ana).text
    world.as_ana.post(
        address("message_edit", mine_last), typed | {"text_version": mine_last.text_version or 0}
    )
    assert "You: What ana meant" in rows(world.as_ana).text
    assert "What ana meant" in rows(world.as_ben).text

    world.ben.first_name = "Benedict"
    world.ben.save()
    assert "Benedict" in rows(world.as_ana).text


def test_rows_made_before_a_change_are_not_shown_after_it(world, monkeypatch):
    real, changes = page_shell._rows, ["Written meanwhile"]

    def slow(*args):
        found = real(*args)
        while changes:
            MessageFactory(sender=world.ben, receiver=world.ana, content=changes.pop())
        return found

    monkeypatch.setattr(page_shell, "_rows", slow)

    assert "Written meanwhile" not in rows(world.as_ana).text
    assert "Written meanwhile" in rows(world.as_ana).text


def test_the_open_row_is_marked_outside_of_what_is_kept(world):
    page = url_of("conversation_detail", world.mine.conversation_id)

    assert not rows(world.as_ana).select("[aria-current]")
    current = rows(world.as_ana, page).select("[aria-current=page]")
    assert [row["data-row"] for row in current] == [str(world.mine.conversation_id)]
    assert not rows(world.as_ana).select("[aria-current]")
    assert len(entries("template_fragments")) == 1


def test_rows_with_something_unread_are_kept_apart(world):
    world.as_ana.post(address("message_read", world.theirs))

    assert rows(world.as_ana).select("a.row-c")
    assert not rows(world.as_ana, url_of("inbox") + "?show=unread").select("a.row-c")
    assert rows(world.as_ana).select("a.row-c")


def test_made_up_numbers_add_no_rows(world):
    rows(world.as_ana)
    for number in (*range(5, 20), "x", 2**70):
        rows(world.as_ana, f"{url_of('inbox')}?rows_after={number}&junk={number}&show={number}")

    assert len(entries("template_fragments")) == 1


def test_rows_of_another_day_are_made_anew(world):
    world.travel("2026-03-02T12:00Z")
    Conversation.objects.get(pk=world.mine.conversation_id).participants.update(
        last_activity="2026-03-02T10:00Z"
    )
    as_ana = signed_in(world.ana)
    assert rows(as_ana).select_one("time").text == "10:00"

    world.travel("2026-03-03T12:00Z")

    assert rows(as_ana).select_one("time").text == "Mon"


def test_rows_are_made_anew_by_another_release(world, monkeypatch):
    rows(world.as_ana)
    monkeypatch.setattr(caching, "RELEASE", "another")
    rows(world.as_ana)

    assert len(entries("template_fragments")) == 2


def test_rows_are_made_anew_for_another_time_zone(world):
    Conversation.objects.get(pk=world.mine.conversation_id).participants.update(
        last_activity="2026-03-02T10:00Z"
    )
    world.travel("2026-03-02T12:00Z")
    as_ana = signed_in(world.ana)
    times = []
    for zone in ("Europe/Lisbon", "Europe/Athens"):
        choose_time_zone(world.ana, zone)
        times.append(rows(as_ana).select_one("time").text)

    assert times == ["10:00", "12:00"]


def test_rows_are_made_anew_for_another_language(settings, world):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    world.travel("2026-03-04T12:00Z")
    Conversation.objects.get(pk=world.mine.conversation_id).participants.update(
        last_activity="2026-03-02T10:00Z"
    )
    as_ana = signed_in(world.ana)
    days = []
    for language in ("en", "de"):
        page = soup(as_ana.get(reverse("chats:inbox"), headers={"accept-language": language}))
        days.append(page.select_one("#conversation-list time").text)

    assert days == ["Mon", "Mo"]
