import threading

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from accounts import services
from accounts.models import AdministratorLink
from tests.accounts.conftest import PASSWORD
from tests.factories import UserFactory
from tests.html import soup

User = get_user_model()

FILLED = {
    "first_name": "Ada",
    "username": "ada",
    "email": "",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


@pytest.fixture
def path(db, settings):
    return services.first_administrator_address().removeprefix(settings.SITE_URL)


def test_the_first_administrator_is_made_at_the_address(client, path):
    soup(client.get(path))

    answer = client.post(path, FILLED)

    ada = User.objects.get(username="ada")
    assert answer["Location"] == "/inbox/"
    assert (ada.is_superuser, ada.is_staff, ada.first_name) == (True, True, "Ada")
    assert ada.check_password(PASSWORD)
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert client.get("/admin/").status_code == 200


def test_the_address_works_once_and_never_again(client, path):
    client.post(path, FILLED)
    client.logout()

    soup(client.get(path), status=404)
    soup(client.post(path, FILLED | {"username": "eve"}), status=404)
    assert services.first_administrator_address() is None

    User.objects.all().delete()
    assert services.first_administrator_address() is None
    soup(client.get(path), status=404)


def test_the_address_stays_the_same_until_it_is_used(path):
    assert services.first_administrator_address().endswith(path)


def test_a_guessed_address_is_not_there(client, path):
    soup(client.get("/setup/0000000000000000000000000000000000000000/"), status=404)
    soup(client.post("/setup/guess/", FILLED), status=404)

    assert not User.objects.exists()


def test_the_token_cannot_be_read_from_the_database(path):
    token = path.rstrip("/").rpartition("/")[2]

    assert token not in str(AdministratorLink.objects.values().get())


def test_bad_input_does_not_use_up_the_address(client, path):
    page = soup(client.post(path, FILLED | {"password2": "other"}), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.select_one("#id_username")["value"] == "ada"
    assert client.post(path, FILLED).status_code == 302


def test_people_who_signed_up_or_were_imported_change_nothing(client, path):
    UserFactory()
    imported = UserFactory()
    imported.set_unusable_password()
    imported.save()

    assert services.first_administrator_address().endswith(path)
    assert client.post(path, FILLED).status_code == 302


def test_an_administrator_made_on_the_server_closes_the_address(client, path):
    call_command("createsuperuser", interactive=False, username="root", email="")

    soup(client.get(path), status=404)
    User.objects.all().delete()
    assert services.first_administrator_address() is None


def test_an_administrator_who_came_by_another_way_closes_it_too(client, path):
    UserFactory()
    User.objects.update(is_superuser=True)  # no signal

    soup(client.post(path, FILLED), status=404)
    assert services.first_administrator_address() is None
    User.objects.all().delete()
    assert services.first_administrator_address() is None


def test_an_administrator_made_before_the_first_start_counts(db):
    User.objects.create_superuser("root", password=PASSWORD)
    User.objects.all().delete()

    assert services.first_administrator_address() is None


def test_the_row_decides_and_not_the_look_beforehand(path, monkeypatch):
    # PostgreSQL lets two look at once; SQLite makes them queue, so the test below cannot tell.
    monkeypatch.setattr(services, "is_first_administrator_token", lambda token: True)
    services.create_first_administrator(token="any", create=UserFactory)

    with pytest.raises(services.LinkClosed):
        services.create_first_administrator(token="any", create=UserFactory)
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_at_once_one_is_the_administrator(settings):
    path = services.first_administrator_address().removeprefix(settings.SITE_URL)
    connection.close()
    start = threading.Barrier(2)
    answers = []

    def come(name):
        start.wait(timeout=10)
        try:
            answers.append(Client().post(path, FILLED | {"username": name}).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come, args=[name]) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(answers) == [302, 404]
    assert User.objects.filter(is_superuser=True).count() == User.objects.count() == 1
