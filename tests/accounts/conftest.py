"""People with passwords, and browsers that signed in the way people do."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from accounts.models import Preferences

PASSWORD = "seventeen green herons"


def preferences_of(user):
    """The preferences of `user` as the database has them; the defaults if it has none."""
    return Preferences.objects.of(get_user_model().objects.get(pk=user.pk))


@pytest.fixture
def sign_in():
    """Signs a person in by the page, in a browser of their own, so that allauth knows the session."""

    def sign_in(user, client=None):
        client = client or Client()
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        answer = client.post(
            reverse("account_login"), {"login": user.username, "password": PASSWORD}
        )
        assert answer.status_code == 302, answer.content
        return client

    return sign_in


@pytest.fixture
def ana_in(ana, sign_in, client):
    """The test's client, signed in as ana."""
    return sign_in(ana, client)


@pytest.fixture
def mail_server(settings):
    """There is a mail server, and it takes what it gets (see `mailoutbox`)."""
    settings.EMAIL_URL = "smtp://mail.example"


@pytest.fixture
def broken_mail_server(settings):
    """There should be a mail server, and nothing listens there."""
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
