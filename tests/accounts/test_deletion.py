import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import services
from accounts.models import Invitation, Preferences
from messaging.models import Conversation, Mailbox, Message
from tests.accounts.conftest import PASSWORD
from tests.factories import MessageFactory, reply_to
from tests.html import soup

User = get_user_model()

DELETE = "/account/delete/"
CONFIRMED = {"password": PASSWORD, "sure": "on"}


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root", password=PASSWORD)


def log(by, about):
    people = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=by,
        content_type=people,
        object_id=str(about.pk),
        object_repr=str(about),
        action_flag=CHANGE,
    )


@pytest.fixture
def lived_in(ana_in, ana, ben, root, message):
    """ana has all that an account can have: sessions, an address, a log, invitations, messages."""
    Client().post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    services.change_email(user=ana, email="ana@example.org")
    services.save_preferences(user=ana, time_zone="Asia/Tokyo")
    log(by=ana, about=ben)
    log(by=root, about=ana)
    services.invite(created_by=ana)
    Invitation.objects.update(used_by=ana)
    reply_to(message)
    return ana


def by_view(ana, client):
    answer = client.post(DELETE, CONFIRMED)
    assert answer["Location"] == "/account/goodbye/"


def by_method(ana, client):
    User.objects.get(pk=ana.pk).delete()


def by_queryset(ana, client):
    User.objects.filter(pk=ana.pk).delete()


def by_admin(ana, client):
    admin = Client()
    admin.post("/accounts/login/", {"login": "root", "password": PASSWORD})
    answer = admin.post(f"/admin/auth/user/{ana.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302, answer.content


def by_admin_action(ana, client):
    admin = Client()
    admin.post("/accounts/login/", {"login": "root", "password": PASSWORD})
    data = {"action": "delete_selected", "_selected_action": [ana.pk], "post": "yes"}
    assert admin.post("/admin/auth/user/", data).status_code == 302


@pytest.mark.parametrize("way", [by_view, by_method, by_queryset, by_admin, by_admin_action])
def test_every_way_of_deleting_leaves_nothing(lived_in, ana_in, ben, root, way):
    pk = lived_in.pk
    keys = set(UserSession.objects.filter(user=pk).values_list("session_key", flat=True))
    assert len(keys) == 2
    assert Session.objects.filter(session_key__in=keys).count() == 2
    assert LogEntry.objects.count() == 2

    way(lived_in, ana_in)

    assert not User.objects.filter(pk=pk).exists()
    assert not Session.objects.filter(session_key__in=keys).exists()
    assert not UserSession.objects.filter(session_key__in=keys).exists()
    assert not EmailAddress.objects.exists()
    assert not LogEntry.objects.exists()
    assert Invitation.objects.filter(created_by=None, used_by=None).count() == 1
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()
    assert not Mailbox.objects.filter(user=pk).exists()
    assert not Preferences.objects.exists()
    assert User.objects.filter(pk__in=[ben.pk, root.pk]).count() == 2
    assert ana_in.get("/account/").status_code == 302


def test_others_keep_what_is_theirs(lived_in, ana_in, ben, stranger, sign_in):
    services.change_email(user=ben, email="ben@example.org")
    bens = sign_in(ben)
    kept = MessageFactory(sender=ben, receiver=stranger)

    by_view(lived_in, ana_in)

    assert bens.get("/account/").status_code == 200
    assert [address.email for address in EmailAddress.objects.all()] == ["ben@example.org"]
    assert list(Message.objects.all()) == [kept]


def test_the_consequences_come_first_in_numbers(lived_in, ana_in, ben, stranger):
    MessageFactory(sender=ben, receiver=stranger)  # none of ana's business

    page = soup(ana_in.get(DELETE))

    facts = page.select_one(".facts").get_text()
    assert "2 messages are deleted" in facts
    assert "for the people you wrote with" in facts
    assert "deletes 2 messages" in page.select_one("label[for=id_sure]").get_text()
    assert User.objects.filter(pk=lived_in.pk).exists()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"password": "wrong", "sure": "on"}, "password"),
        ({"password": "", "sure": "on"}, "password"),
        ({"password": PASSWORD}, "sure"),
        ({}, "password"),
    ],
)
def test_without_password_and_tick_nothing_is_deleted(ana_in, ana, sent, field):
    page = soup(ana_in.post(DELETE, sent), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.find(id=f"id_{field}_error")
    assert "was not deleted" in page.select_one("[role=alert]").get_text()
    assert User.objects.filter(pk=ana.pk).exists()


def test_guessing_the_password_is_limited(ana_in, ana):
    for _ in range(5):
        soup(ana_in.post(DELETE, {"password": "wrong", "sure": "on"}), status=422)

    answer = ana_in.post(DELETE, CONFIRMED)

    soup(answer, status=429)
    assert 0 < int(answer["Retry-After"]) <= 60
    assert User.objects.filter(pk=ana.pk).exists()


def test_one_is_out_afterwards_and_told_so(ana_in):
    answer = ana_in.post(DELETE, CONFIRMED)

    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.cookies["sessionid"].value == ""
    assert "_auth_user_id" not in ana_in.session
    assert "deleted" in soup(ana_in.get(answer["Location"])).get_text()


def test_nobody_deletes_by_following_a_link(ana_in, ana):
    ana_in.get(DELETE, CONFIRMED)

    assert User.objects.filter(pk=ana.pk).exists()


@pytest.mark.parametrize(("others", "told"), [(0, True), (1, False)])
def test_the_last_administrator_is_told_what_follows(client, root, sign_in, others, told):
    for number in range(others):
        User.objects.create_superuser(f"second{number}")
    browser = sign_in(root)

    page = soup(browser.get(DELETE))
    assert ("createsuperuser" in page.get_text()) is told

    assert browser.post(DELETE, CONFIRMED).status_code == 302
    assert services.first_administrator_address() is None


@pytest.mark.parametrize("by_action", [False, True])
def test_an_administrator_who_deletes_themselves_in_the_admin_is_out(root, sign_in, by_action):
    browser = sign_in(root)

    if by_action:
        data = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
        answer = browser.post("/admin/auth/user/", data)
    else:
        answer = browser.post(f"/admin/auth/user/{root.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not User.objects.exists()
    assert browser.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_a_failure_deletes_nothing_at_all(lived_in, ana_in, monkeypatch):
    from messaging import services as domain

    def fails(user_pk):
        raise RuntimeError("half way")

    monkeypatch.setattr(domain, "delete_everything_of", fails)
    with pytest.raises(RuntimeError):
        ana_in.post(DELETE, CONFIRMED)

    assert User.objects.filter(pk=lived_in.pk).exists()
    assert Message.objects.count() == 2
    assert EmailAddress.objects.exists()
    assert UserSession.objects.filter(user=lived_in).exists()


def test_what_is_left_of_a_large_account_is_nobodys_in_the_admin(
    lived_in, ana_in, root, sign_in, monkeypatch
):
    monkeypatch.setattr("messaging.services.batched_deletion.AT_ONCE", 1)
    browser, pk = sign_in(root), lived_in.pk

    by_view(lived_in, ana_in)

    assert User.objects.filter(pk=pk).exists()
    assert "deleted-" not in browser.get("/admin/auth/user/").content.decode()
    assert browser.get(f"/admin/auth/user/{pk}/change/", follow=True).redirect_chain
    assert not UserSession.objects.filter(user=pk).exists()
    assert not EmailAddress.objects.exists()
    assert not Preferences.objects.exists()
