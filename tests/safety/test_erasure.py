"""Deleted means gone: a walk over every field of every model there is."""

from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from accounts import deletion_audit, deletion_ledger, services
from accounts.models import Invitation
from messaging.models import Message
from messaging.services import save_draft
from tests.factories import MessageFactory, UserFactory, reply_to

pytestmark = pytest.mark.django_db

PASSWORD = "seventeen green herons"

# Fields that point to a person or to what is theirs: a model added later adds to these, and then
# `lived_in` has to make a row of it, or the test below fails.
POINTING = {
    "messaging.Participant.user",
    "messaging.Message.sender",
    "messaging.Message.receiver",
    "messaging.MessageHistory.edited_by",
    "messaging.Notification.user",
    "messaging.Draft.author",
    "messaging.Mailbox.user",
    "messaging.FoldedNames.user",
    "accounts.Preferences.user",
    "accounts.Invitation.created_by",
    "accounts.Invitation.used_by",
    "admin.LogEntry.user",
    "account.EmailAddress.user",
    "usersessions.UserSession.user",
}
# There only while a large account is being removed, and gone with its last message.
PASSING = {"messaging.DeletedAccount.user"}


def pointing_fields():
    return {
        f"{model._meta.label}.{field.name}": field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is get_user_model()
        and f"{model._meta.label}.{field.name}" not in PASSING
    }


@pytest.fixture
def leaver(ben):
    """Somebody of whom there is a row in every table that can hold one."""
    user = UserFactory(username="zanzibar", first_name="Zephyrine Quux")
    user.set_password(PASSWORD)
    user.save()
    services.change_email(user=user, email="zanzibar@private.example")
    services.save_preferences(user=user, theme="dark")
    Client().post("/accounts/login/", {"login": "zanzibar", "password": PASSWORD})
    message = MessageFactory(sender=user, receiver=ben, content="flugelhorn")
    message.content = "flugelhorn again"
    message.save()
    reply_to(message, "about your flugelhorn")
    MessageFactory(sender=ben, receiver=user, content="and a flugelhorn for you")
    save_draft(author=user, conversation=message.conversation, content="Half a flugelhorn")
    people = ContentType.objects.get_for_model(user)
    for by, about in ((user, ben), (ben, user)):
        LogEntry.objects.create(
            user=by,
            content_type=people,
            object_id=str(about.pk),
            object_repr=str(about),
            action_flag=CHANGE,
        )
    services.invite(created_by=user)
    Invitation.objects.update(used_by=user)
    return user


def test_every_field_that_points_to_a_person_is_known_here(leaver):
    fields = pointing_fields()
    empty = [
        name
        for name, field in fields.items()
        if not field.model._base_manager.filter(**{field.attname: leaver.pk}).exists()
    ]

    assert set(fields) == POINTING
    assert empty == []


def test_nothing_of_who_left_is_in_any_column(leaver, ben):
    pk = leaver.pk
    kept = MessageFactory(
        sender=ben, receiver=UserFactory(), content="What others typed stays: zanzibar"
    )
    assert list(deletion_audit.rows_and_files_with("flugelhorn"))
    assert list(deletion_audit.rows_and_files_with("Zephyrine"))

    services.delete_account(leaver)

    for name, field in pointing_fields().items():
        assert not field.model._base_manager.filter(**{field.attname: pk}).exists(), name
    found = [
        *deletion_audit.rows_and_files_with("zanzibar"),
        *deletion_audit.rows_and_files_with("Zephyrine"),
    ]
    rows = [
        line
        for line in found + list(deletion_audit.rows_and_files_with("flugelhorn"))
        if ": " in line
    ]
    in_tables = [line for line in rows if not line.startswith("test")]
    assert [line for line in in_tables if f"messaging.Message {kept.pk}:" not in line] == []
    assert list(deletion_audit.dangling_references()) == []
    assert Message.objects.get() == kept


def test_what_is_left_is_found(leaver, ben):
    """The check itself: each thing that a careless deletion leaves is named."""
    call_command("verify_erased", stdout=StringIO())
    with connection.constraint_checks_disabled():
        Message.objects.filter(pk=Message.objects.latest("pk").pk).update(parent_message=None)
        LogEntry._base_manager.filter(user=leaver).update(user=4711)
        problems = StringIO()
        with pytest.raises(CommandError):
            call_command("verify_erased", "flugelhorn", stderr=problems)
        LogEntry._base_manager.filter(user=4711).update(user=leaver)

    assert "user points to nothing" in problems.getvalue()
    assert "holds 'flugelhorn'" in problems.getvalue()


def test_who_was_erased_can_be_known_again_and_told_by_nobody(ana, ben, monkeypatch):
    ledger = []
    monkeypatch.setattr(deletion_ledger, "deleted", lambda: set(ledger))
    ledger.append(deletion_ledger.fingerprint(ana.pk, ana.date_joined))

    assert deletion_ledger.restored_accounts() == [ana]
    # Whoever is given the same id later is somebody else.
    later = timezone.now() + timedelta(days=1)
    type(ana).objects.filter(pk=ana.pk).update(date_joined=later)
    assert deletion_ledger.restored_accounts() == []
    assert str(ana.pk) != ledger[0]
    assert len(ledger[0]) == 64


@pytest.mark.django_db(transaction=True)
def test_a_deletion_is_remembered_from_its_beginning_unless_it_fails(ana, ben, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    anas, bens = (deletion_ledger.fingerprint(one.pk, one.date_joined) for one in (ana, ben))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("messaging.services.delete_everything_of", None)
        with pytest.raises(TypeError):
            services.delete_account(ana)
    # It failed: she is there, and no restore may carry it out.
    assert deletion_ledger.deleted() == set()
    assert deletion_ledger.unresolved_accounts() == [ana]
    deletion_ledger.resolve_started()
    assert deletion_ledger.unresolved_accounts() == []
    with pytest.MonkeyPatch.context() as patch:  # the power goes once it is committed
        patch.setattr(deletion_ledger, "record_finished", None)
        services.delete_account(ben)
    deletion_ledger.resolve_started()
    assert deletion_ledger.deleted() == {bens}

    services.delete_account(ana)

    assert deletion_ledger.deleted() == {anas, bens}
    assert (settings.DATA_DIR / "erased").stat().st_mode & 0o077 == 0
