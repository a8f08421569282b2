import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import authenticate, get_user_model
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts.backends import BackendWithMailbox
from accounts.models import Preferences
from messaging.models import Mailbox
from tests.accounts.conftest import PASSWORD
from tests.factories import UserFactory
from tests.html import soup

LOGIN = "/accounts/login/"


@pytest.fixture
def ana(ana):
    ana.email = "ana@example.org"
    ana.set_password(PASSWORD)
    ana.save()
    return ana


@pytest.mark.parametrize("login", ["ana", "ANA", "ana@example.org", "Ana@Example.org"])
def test_one_signs_in_by_user_name_or_address(client, ana, login):
    answer = client.post(LOGIN, {"login": login, "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")
    assert client.session["_auth_user_id"] == str(ana.pk)


def test_one_returns_to_where_one_was_going(client, ana):
    page = soup(client.get(LOGIN, {"next": "/account/"}))
    assert page.select_one("input[name=next]")["value"] == "/account/"

    answer = client.post(LOGIN, {"login": "ana", "password": PASSWORD, "next": "/account/"})
    assert answer["Location"] == "/account/"


def test_one_is_not_sent_to_another_site(client, ana):
    data = {"login": "ana", "password": PASSWORD, "next": "https://elsewhere.example/"}

    assert client.post(LOGIN, data)["Location"] == "/inbox/"


def test_a_wrong_password_brings_the_form_back_with_the_name(client, ana):
    page = soup(client.post(LOGIN, {"login": "ana", "password": "wrong"}), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.select_one("#id_login")["value"] == "ana"
    assert page.select_one("[role=alert]").has_attr("autofocus")
    assert "wrong" not in str(page)


def test_a_field_with_an_error_is_tied_to_it(client):
    page = soup(client.post(LOGIN, {"login": "", "password": ""}), status=422)

    field = page.select_one("#id_login")
    assert field["aria-invalid"] == "true"
    assert page.find(id=field["aria-describedby"]).get_text(strip=True)
    assert page.select_one(".note-i a[href='#id_login']")


@pytest.mark.parametrize(
    ("known", "unknown"), [("ana", "nobody"), ("ana@example.org", "nobody@example.org")]
)
def test_known_and_unknown_accounts_get_the_same_answer(client, ana, known, unknown):
    answers = []
    for login in (known, unknown):
        page = soup(client.post(LOGIN, {"login": login, "password": "wrong"}), status=422)
        answers.append(page.select_one("[role=alert]").get_text())

    assert answers[0] == answers[1]


@pytest.mark.parametrize("login", ["ana", "ana@example.org", "nobody", "nobody@example.org"])
def test_every_attempt_costs_one_hash(client, ana, login, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    client.post(LOGIN, {"login": login, "password": "wrong"})

    assert len(hashed) == 1


def test_people_whose_names_differ_in_case_only_both_sign_in(ana):
    other = UserFactory(username="Ana")  # imports bring such names
    other.set_password("another password")
    other.save()

    assert authenticate(None, username="ana", password=PASSWORD) == ana
    assert authenticate(None, username="Ana", password="another password") == other


def test_many_accounts_with_one_address_do_not_make_signing_in_slow(ana):
    for _ in range(10):
        UserFactory(email="ana@example.org")
    tried = []
    backend = BackendWithMailbox()
    backend._check_password = lambda user, password: tried.append(user)

    backend.authenticate(None, username="ana@example.org", password="wrong")

    assert len(tried) == 3


def test_an_imported_person_cannot_sign_in(client, ana):
    ana.set_unusable_password()
    ana.save()

    for password in ("", ana.password, "!"):
        soup(client.post(LOGIN, {"login": "ana", "password": password}), status=422)


def test_an_account_that_is_switched_off_says_so_to_its_owner_only(client, ana):
    ana.is_active = False
    ana.save()

    soup(client.post(LOGIN, {"login": "ana", "password": "wrong"}), status=422)
    answer = client.post(LOGIN, {"login": "ana", "password": PASSWORD})

    assert answer["Location"] == reverse("account_inactive")
    assert "switched off" in soup(client.get(answer["Location"])).get_text()
    assert "_auth_user_id" not in client.session


def test_a_session_ends_when_the_account_is_switched_off(ana_in, ana):
    assert ana_in.get("/account/").status_code == 200
    get_user_model().objects.filter(pk=ana.pk).update(is_active=False)

    assert ana_in.get("/account/")["Location"].startswith(LOGIN)


@pytest.mark.parametrize("theme", ["dark", None])
def test_a_user_is_loaded_with_mailbox_and_preferences_by_one_statement(
    ana, django_assert_num_queries, theme
):
    if theme:
        Preferences.objects.create(user=ana, theme=theme)

    with django_assert_num_queries(1):
        user = BackendWithMailbox().get_user(ana.pk)
        assert Mailbox.objects.of(user) == ana.mailbox
        assert Preferences.objects.of(user).theme == (theme or "")


def test_a_page_costs_two_statements_to_know_its_reader(ana_in, django_assert_num_queries):
    with django_assert_num_queries(2):  # the session; the user with mailbox and preferences
        soup(ana_in.get("/account/goodbye/"))


def test_signing_out_is_by_post_and_clears_the_browser(ana_in):
    page = soup(ana_in.get("/accounts/logout/"))
    assert page.select_one("form[method=post][action='/accounts/logout/'] button[type=submit]")
    assert "_auth_user_id" in ana_in.session

    answer = ana_in.post("/accounts/logout/")

    assert answer["Location"] == LOGIN
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "_auth_user_id" not in ana_in.session
    assert "You are signed out." in soup(ana_in.get(LOGIN)).get_text()


def test_the_session_row_goes_with_signing_out(ana_in, ana):
    key = ana_in.session.session_key
    assert Session.objects.filter(session_key=key).exists()
    assert UserSession.objects.filter(user=ana, session_key=key).exists()

    ana_in.post("/accounts/logout/")

    assert not Session.objects.filter(session_key=key).exists()


def test_who_is_in_is_not_asked_again(ana_in):
    assert ana_in.get(LOGIN)["Location"] == "/inbox/"


@pytest.mark.parametrize(
    "path",
    ["/accounts/email/", "/accounts/password/set/", "/accounts/", "/accounts/3rdparty/"],
)
def test_pages_of_allauth_that_are_not_ours_are_not_there(ana_in, path):
    assert ana_in.get(path).status_code == 404


def test_too_many_attempts_name_the_wait_and_keep_the_name(client, ana):
    for _ in range(5):
        soup(client.post(LOGIN, {"login": "ana", "password": "wrong"}), status=422)

    answer = client.post(LOGIN, {"login": "ana", "password": PASSWORD})
    page = soup(answer, status=429)

    assert 0 < int(answer["Retry-After"]) <= 300
    assert "5 minutes" in page.select_one("[role=alert]").get_text()
    assert page.select_one("#id_login")["value"] == "ana"


def test_very_many_attempts_get_a_page_that_names_the_wait(client, db, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client.post(LOGIN, {"login": "x", "password": "y"})

    answer = client.post(LOGIN, {"login": "x", "password": "y"})

    assert "seconds" in soup(answer, status=429).get_text()
    assert 0 < int(answer["Retry-After"]) <= 60


def test_limits_count_the_reader_and_not_the_proxy(client, db, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    data = {"login": "x", "password": "y"}

    for address in ("192.0.2.1", "192.0.2.2"):
        answer = client.post(LOGIN, data, headers={"X-Forwarded-For": f"10.0.0.1, {address}"})
        assert answer.status_code == 422
    again = client.post(LOGIN, data, headers={"X-Forwarded-For": "10.9.9.9, 192.0.2.2"})
    assert again.status_code == 429


def test_a_request_without_an_address_is_answered(client, ana):
    answer = client.post(LOGIN, {"login": "ana", "password": PASSWORD}, REMOTE_ADDR="")

    assert answer.status_code == 302


@pytest.mark.parametrize("path", ["login", "signup", "join/none", "password/reset"])
def test_an_address_to_go_on_to_that_cannot_be_parsed_is_no_error(client, db, path):
    for answer in (
        client.get(f"/accounts/{path}/", {"next": "http://["}),
        client.post(f"/accounts/{path}/", {"next": "http://[", "login": "x"}),
    ):
        assert answer.status_code < 500
