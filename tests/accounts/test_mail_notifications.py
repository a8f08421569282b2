"""Mail that tells of messages: to whom, when, how often, and what it never says."""

import smtplib
from datetime import timedelta
from email import message_from_string

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import mail_notifications, services
from accounts.adapter import MailNotSent
from accounts.mail_notifications import send_mail_notification
from messaging.models import Message, Participant
from messaging.services import edit_message, mark_as_read
from tests.accounts.conftest import preferences_of
from tests.factories import MessageFactory, reply_to
from tests.html import soup
from tests.queries import at_most

pytestmark = [pytest.mark.django_db, pytest.mark.db, pytest.mark.usefixtures("mail_server")]

User = get_user_model()
ACCOUNT = "/account/"


def wants(user, when="at_once", address="ben@example.org"):
    services.change_email(user=user, email=address)
    services.save_preferences(user=user, mail=when)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def ben(ben):
    return wants(ben)


def work():
    """Run what is due, as a worker does, but for its bookkeeping."""
    for waiting in list(DBTaskResult.objects.ready()):
        waiting.delete()
        waiting.task.call(**waiting.args_kwargs["kwargs"])


def a_quarter_of_an_hour_later():
    DBTaskResult.objects.update(run_after=timezone.now() - timedelta(seconds=1))


def test_a_mail_says_who_wrote_and_where_and_not_what(ana, ben, mailoutbox, settings):
    settings.SITE_URL = "https://chat.example.org"
    message = MessageFactory(sender=ana, receiver=ben, content="The private words")

    work()

    (mail,) = mailoutbox
    assert mail.to == ["ben@example.org"]
    assert mail.subject == "[Parley] Ana Lima wrote to you"
    html, kind = mail.alternatives[0]
    assert kind == "text/html"
    address = f"https://chat.example.org/c/{message.conversation_id}/"
    for body in (mail.body, html):
        assert "Ana Lima" in body
        assert address in body
        assert "private words" not in mail.message().as_string()
    assert "<img" not in html
    assert "testserver" not in mail.message().as_string()


def test_names_are_shown_as_they_are_and_start_no_markup(ana, ben, mailoutbox):
    ana.first_name = "<b>Ana & Co"
    ana.save()
    MessageFactory(sender=ana, receiver=ben)

    work()

    (mail,) = mailoutbox
    assert "<b>Ana & Co wrote" in mail.body
    assert "&lt;b&gt;Ana &amp; Co" in mail.alternatives[0][0]


def test_a_name_with_a_line_break_writes_no_header(ana, ben, mailoutbox):
    ana.first_name = "Ana\nBcc: all@example.org"
    ana.save()
    MessageFactory(sender=ana, receiver=ben)

    work()

    parsed = message_from_string(mailoutbox[0].message().as_string())
    assert parsed["Bcc"] is None


def test_nobody_gets_mail_unasked(ana, ben, stranger, settings, mailoutbox):
    wants(ben, when="")
    MessageFactory(sender=ana, receiver=User.objects.get(pk=ben.pk))
    MessageFactory(sender=ana, receiver=wants(stranger, address=""))
    settings.EMAIL_URL = ""
    MessageFactory(sender=ana, receiver=wants(ben))

    assert not DBTaskResult.objects.exists()
    assert mailoutbox == []


def test_there_is_one_mail_for_a_conversation_until_it_is_read(ana, ben, stranger, mailoutbox):
    first = MessageFactory(sender=ana, receiver=ben)
    reply_to(reply_to(first))
    assert DBTaskResult.objects.count() == 1
    work()
    MessageFactory(sender=ana, receiver=ben)
    work()
    assert len(mailoutbox) == 1
    assert "2 messages" in mailoutbox[0].body

    MessageFactory(sender=stranger, receiver=ben)  # another conversation
    work()
    assert len(mailoutbox) == 2

    mark_as_read(reader=ben, messages=Message.objects.filter(sender=ana))
    MessageFactory(sender=ana, receiver=ben)
    work()
    assert len(mailoutbox) == 3


def test_a_later_mail_waits_and_is_not_sent_when_everything_was_read(ana, ben, mailoutbox):
    reader = wants(ben, when="later")
    MessageFactory(sender=ana, receiver=reader)
    MessageFactory(sender=ana, receiver=reader)
    due = DBTaskResult.objects.get().run_after - timezone.now()
    assert due.total_seconds() == pytest.approx(15 * 60, abs=5)
    work()
    assert mailoutbox == []

    mark_as_read(reader=reader, messages=Message.objects.all())
    a_quarter_of_an_hour_later()
    work()

    assert mailoutbox == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda message, ana, ben: mark_as_read(reader=ben, messages=Message.objects.all()),
        lambda message, ana, ben: message.delete(),
        lambda message, ana, ben: ana.delete(),
        lambda message, ana, ben: ben.delete(),
        lambda message, ana, ben: services.save_preferences(user=ben, mail=""),
        lambda message, ana, ben: services.change_email(user=ben, email=""),
        lambda message, ana, ben: User.objects.filter(pk=ben.pk).update(is_active=False),
    ],
    ids=["read", "deleted", "writer gone", "reader gone", "off", "no address", "switched off"],
)
def test_what_is_over_meanwhile_is_not_told(ana, ben, mailoutbox, meanwhile):
    message = MessageFactory(sender=ana, receiver=ben)
    pk, conversation = ben.pk, message.conversation_id

    meanwhile(message, ana, User.objects.get(pk=pk))
    work()
    send_mail_notification.call(pk, conversation)  # also if it was taken from the queue before

    assert mailoutbox == []


def test_an_edit_is_no_new_message(ana, ben, mailoutbox):
    message = MessageFactory(sender=ana, receiver=ben)
    work()
    edit_message(message=message, editor=ana, content="Other", text_version=message.text_version)

    assert not DBTaskResult.objects.exists()


def test_running_twice_sends_once(ana, ben, mailoutbox):
    message = MessageFactory(sender=ana, receiver=ben)

    assert send_mail_notification.call(ben.pk, message.conversation_id) is True
    assert send_mail_notification.call(ben.pk, message.conversation_id) is False

    assert len(mailoutbox) == 1


def test_a_mail_that_goes_out_twice_has_one_name(ana, ben, mailoutbox):
    """A worker may die between the mail server's answer and its own note of it."""
    message = MessageFactory(sender=ana, receiver=ben)
    send_mail_notification.call(ben.pk, message.conversation_id)
    Participant.objects.update(mailed_up_to=0)
    send_mail_notification.call(ben.pk, message.conversation_id)

    first, second = mailoutbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


@pytest.mark.parametrize(
    "refusal",
    [ConnectionRefusedError(), smtplib.SMTPRecipientsRefused({"ben@example.org": (550, b"no")})],
)
def test_a_mail_server_that_fails_is_asked_again_and_keeps_no_address(
    ana, ben, mailoutbox, monkeypatch, refusal
):
    message = MessageFactory(sender=ana, receiver=ben)

    def fail(self):
        raise refusal

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
        with pytest.raises(MailNotSent) as raised:
            send_mail_notification.call(ben.pk, message.conversation_id)
    assert "ben@example.org" not in str(raised.value)
    assert raised.value.__suppress_context__

    send_mail_notification.call(ben.pk, message.conversation_id)
    assert len(mailoutbox) == 1


def test_a_message_that_comes_while_a_mail_is_being_sent_is_not_forgotten(
    ana, ben, mailoutbox, monkeypatch
):
    message = MessageFactory(sender=ana, receiver=ben)
    DBTaskResult.objects.all().delete()
    real = mail_notifications.build_mail

    def slowly(notice):
        mark_as_read(reader=ben, messages=Message.objects.all())
        MessageFactory(sender=ana, receiver=ben)
        return real(notice)

    with monkeypatch.context() as patched:
        patched.setattr(mail_notifications, "build_mail", slowly)
        send_mail_notification.call(ben.pk, message.conversation_id)
    work()

    assert len(mailoutbox) == 2


def test_sending_takes_no_statement_more_for_whoever_wants_no_mail(as_ana, ana, ben):
    """With an address and a mail server, and so at the most: tests/chats/test_budgets.py."""
    wants(ben, when="")
    answered = MessageFactory(sender=ben, receiver=ana)
    form = {"content": "Some text", "client_key": "8e8b1c5e-6e1c-4b5b-9a3e-0d6c5f2b7a11"}

    with at_most(16):
        assert as_ana.post(f"/m/{answered.pk}/reply/", form).status_code == 302
    form["client_key"] = "8e8b1c5e-6e1c-4b5b-9a3e-0d6c5f2b7a12"
    with at_most(16):
        assert as_ana.post(f"/c/{answered.conversation_id}/send/", form).status_code == 302
    assert not DBTaskResult.objects.exists()


# --- The setting ----------------------------------------------------------------------------------


def test_the_setting_is_there_for_whom_mail_can_reach(sign_in, ben, settings):
    browser = sign_in(ben)
    page = soup(browser.get(ACCOUNT))
    assert page.select_one("input[name=mail-mail][checked]")["value"] == "at_once"
    assert len(page.select("input[name=mail-mail]")) == 3

    browser.post(ACCOUNT, {"section": "mail", "mail-mail": "later"})
    assert preferences_of(ben).mail == "later"

    settings.EMAIL_URL = ""
    assert not soup(browser.get(ACCOUNT)).select("input[name=mail-mail]")
    settings.EMAIL_URL = "smtp://mail.example"
    services.change_email(user=ben, email="")
    assert not soup(browser.get(ACCOUNT)).select("input[name=mail-mail]")


def test_what_is_no_choice_comes_back(ana_in, ana):
    services.change_email(user=ana, email="ana@example.org")

    page = soup(ana_in.post(ACCOUNT, {"section": "mail", "mail-mail": "hourly"}), status=422)

    assert page.title.get_text().startswith("Error:")
    assert page.find(id="id_mail-mail_error")
    assert preferences_of(ana).mail == ""


# --- Stopping it ----------------------------------------------------------------------------------


@pytest.fixture
def stop(ana, ben, mailoutbox):
    """Where the mail to ben says that it can be stopped."""
    MessageFactory(sender=ana, receiver=ben)
    work()
    headers = mailoutbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"].strip("<>")
    assert address in mailoutbox[0].body
    return address.removeprefix("http://127.0.0.1:8000")


def test_one_click_stops_it_without_a_session_or_a_token(stop, ben):
    answer = Client(enforce_csrf_checks=True).post(stop, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert preferences_of(ben).mail == ""


def test_following_the_link_only_asks(stop, ben, client):
    page = soup(client.get(stop))

    assert preferences_of(ben).mail == "at_once"
    form = page.select_one("form[method=post]")
    page = soup(client.post(form.get("action") or stop))
    assert "No more mail" in page.h1.get_text()
    assert preferences_of(ben).mail == ""
    assert "ben" not in page.get_text().lower()  # a mail is forwarded easily


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + "_", lambda t: ("8" if t[0] == "9" else "9") + t[1:]]
)
def test_a_signature_that_does_not_fit_stops_nothing(stop, ben, stranger, client, change):
    base, _, token = stop.rstrip("/").rpartition("/")

    for ask in (client.get, client.post):
        assert ask(f"{base}/{change(token)}/").status_code == 404
    assert preferences_of(ben).mail == "at_once"


def test_the_link_of_an_account_that_is_gone_is_not_there(stop, ben, client):
    ben.delete()

    assert client.get(stop).status_code == 404
    assert client.post(stop).status_code == 404


def test_stopping_is_for_the_one_person(stop, ana, ben, client):
    wants(ana, address="ana@example.org")

    client.post(stop)

    assert preferences_of(ana).mail == "at_once"
