import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import Invitation
from tests.factories import MessageFactory, UserFactory
from tests.html import soup

User = get_user_model()

PEOPLE = "/admin/auth/user/"
INVITATIONS = "/admin/accounts/invitation/"


@pytest.fixture
def admin(db, sign_in):
    return sign_in(User.objects.create_superuser("root"))


def test_the_admin_has_no_sign_in_page_of_its_own(client, db):
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fadmin%2F")


def test_the_admin_is_for_staff(ana_in):
    assert ana_in.get("/admin/", follow=True).status_code == 403


def test_signing_out_of_the_admin_clears_the_browser(admin):
    answer = admin.post("/admin/logout/")

    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert not Session.objects.filter(expire_date=None).exists()
    assert "_auth_user_id" not in admin.session


def test_people_are_listed_and_shown(admin, ana):
    assert "Ana Lima" in soup(admin.get(PEOPLE)).get_text()
    soup(admin.get(f"{PEOPLE}{ana.pk}/change/"))
    soup(admin.get(f"{PEOPLE}add/"))


def test_a_deceiving_name_is_refused(admin, ana):
    page = admin.post(
        f"{PEOPLE}{ana.pk}/change/",
        {"username": "ana", "first_name": "Ana\u202e", "is_active": "on"},
    )

    assert "not allowed" in soup(page).get_text()


def test_an_address_changed_here_is_the_address_for_signing_in(admin, ana):
    sent = {"username": "ana", "first_name": "Ana", "email": "ana@example.org", "is_active": "on"}

    assert admin.post(f"{PEOPLE}{ana.pk}/change/", sent).status_code == 302

    ana.refresh_from_db()
    assert [address.email for address in ana.emailaddress_set.all()] == ["ana@example.org"]


def make_links(client, *people):
    data = {"action": "make_reset_links", "_selected_action": [person.pk for person in people]}
    return client.post(PEOPLE, data)


def test_the_administrator_makes_a_link_that_is_shown_once(admin, ana, ben, settings):
    page = soup(make_links(admin, ana, ben))

    links = [code.get_text() for code in page.select("td code")]
    assert len(links) == 2
    key = links[0].rstrip("/").rpartition("-")[2]
    assert key not in admin.get(PEOPLE).content.decode()
    assert all(key not in str(session.get_decoded()) for session in Session.objects.all())
    assert all(key not in entry.change_message for entry in LogEntry.objects.all())
    shown = Client().get(links[0].removeprefix(settings.SITE_URL), follow=True)
    assert "Choose a new password" in soup(shown).get_text()


def test_no_link_for_an_account_that_is_off(admin):
    page = make_links(admin, UserFactory(is_active=False))

    assert "switched off" in soup(admin.get(page["Location"])).get_text()


def test_staff_who_may_change_people_may_not_let_themselves_in_as_anybody(admin, ana, sign_in):
    from django.contrib.auth.models import Permission

    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    browser = sign_in(staff)
    assert browser.get(PEOPLE).status_code == 200

    answer = make_links(browser, ana)

    assert "/key/" not in answer.content.decode()


def test_an_invitation_is_shown_once_and_can_be_withdrawn(admin, settings):
    settings.SIGNUP = "invite"
    soup(admin.get(f"{INVITATIONS}add/"))

    page = soup(admin.post(f"{INVITATIONS}add/", {"days": "3"}))

    path = page.select_one("td code").get_text().removeprefix(settings.SITE_URL)
    invitation = Invitation.objects.get()
    assert invitation.created_by.username == "root"
    assert 2 <= (invitation.expires_at - invitation.created_at).days <= 3
    assert Client().get(path).status_code == 200
    assert path.rstrip("/").rpartition("/")[2] not in admin.get(INVITATIONS).content.decode()

    admin.post(INVITATIONS, {"action": "withdraw", "_selected_action": [invitation.pk]})
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("days", ["0", "366", ""])
def test_an_invitation_lasts_a_sensible_time(admin, days):
    soup(admin.post(f"{INVITATIONS}add/", {"days": days}))

    assert not Invitation.objects.exists()


def test_an_invitation_can_be_looked_at(admin):
    admin.post(f"{INVITATIONS}add/", {"days": "3"})

    soup(admin.get(f"{INVITATIONS}{Invitation.objects.get().pk}/change/"))


@pytest.mark.parametrize("count", [1, 30])
def test_deleting_a_person_counts_messages_and_lists_none(
    admin, ana, ben, count, django_assert_max_num_queries
):
    MessageFactory.create_batch(count, sender=ana, receiver=ben, content="between the two of us")

    with django_assert_max_num_queries(12):
        page = soup(admin.get(f"{PEOPLE}{ana.pk}/delete/"))

    assert f"ana (messages: {count}, conversations: 1)" in page.get_text()
    assert "between the two" not in page.get_text()


def test_addresses_and_sessions_are_changed_only_with_their_people(admin):
    page = soup(admin.get("/admin/"))

    assert not page.select("a[href*='emailaddress'], a[href*='usersession']")
