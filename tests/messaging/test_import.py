"""`manage.py import_messages` imports all messages of a file or none."""

import gzip
import io
import json
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from messaging import services
from messaging.importing import parser
from messaging.models import (
    CONTENT_MAX_LENGTH,
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from messaging.people import people_named
from messaging.rendering import HTML_VERSION
from tests.factories import MessageFactory, UserFactory
from tests.messaging.orphans import orphans

pytestmark = pytest.mark.django_db


def line(number, parent=None, sender="cleo", receiver="dan", **fields):
    return {
        "id": f"m{number}",
        "parent": parent and f"m{parent}",
        "sender": sender,
        "receiver": receiver,
        "timestamp": f"2020-01-01T10:{number:02}:00+00:00",
        "content": f"Text {number}",
    } | fields


def without(field):
    return {name: value for name, value in line(2).items() if name != field}


@pytest.fixture
def load(tmp_path, capsys):
    """Import these lines, given as objects or as bytes, and return the output of the command."""

    def load(*lines, **options):
        file = tmp_path / "messages.jsonl"
        file.write_bytes(
            b"\n".join(
                each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines
            )
        )
        call_command("import_messages", str(file), **options)
        return capsys.readouterr().out

    return load


def all_rows():
    return [
        list(model._base_manager.order_by("pk").values())
        for model in (
            get_user_model(),
            Conversation,
            Participant,
            Mailbox,
            Message,
            MessageHistory,
            Notification,
        )
    ]


def test_a_thread_comes_in_as_it_was(load):
    load(
        line(1),
        line(2, parent=1, sender="dan", receiver="cleo"),
        line(3),
        line(4, parent=2),
        line(5, parent=1),
    )

    first, second, third, fourth, fifth = Message.objects.order_by("id")
    assert [m.content for m in (first, second, third, fourth, fifth)] == [
        f"Text {number}" for number in range(1, 6)
    ]
    assert [m.parent_message for m in (first, third)] == [None, None]
    assert (second.parent_message, fourth.parent_message) == (first, second)
    assert fifth.parent_message == first
    assert [m.thread for m in (first, second, third, fourth, fifth)] == [
        None,
        first,
        None,
        first,
        first,
    ]
    assert (second.sender.username, second.receiver.username) == ("dan", "cleo")
    assert first.timestamp == datetime(2020, 1, 1, 10, 1, tzinfo=UTC)
    assert (first.body, first.html_version) == ("Text 1", HTML_VERSION)
    below = Message.objects.tree_below(Message.objects.filter(parent_message=first))
    assert sorted(pk for pk, *_place in below) == [second.pk, fourth.pk, fifth.pk]
    assert orphans() == []


def test_the_conversation_looks_as_if_it_had_been_written_here(load):
    load(line(9), line(2), line(5, parent=9))

    conversation = Conversation.objects.get()
    messages = list(Message.objects.order_by("id"))
    assert sorted(message.changed_in for message in messages) == [1, 2, 3]
    assert conversation.version == 3
    assert conversation.last_message == messages[-1]
    # Times may be out of order: the latest counts, not that of the last line.
    assert {participant.last_activity for participant in conversation.participants.all()} == {
        datetime(2020, 1, 1, 10, 9, tzinfo=UTC)
    }
    assert all(mailbox.version > 0 for mailbox in Mailbox.objects.all())
    assert Mailbox.objects.count() == 2


def test_lines_in_any_order_are_stored_in_that_of_their_times(load):
    load(line(7), line(3), line(4, parent=7), line(5, parent=3), line(1))

    contents = Message.objects.order_by("id").values_list("content", flat=True)
    # The fourth answers the seventh, and so never stands above it.
    assert list(contents) == ["Text 1", "Text 3", "Text 5", "Text 7", "Text 4"]
    answered = Message.objects.exclude(parent_message=None)
    assert all(one.pk > one.parent_message_id for one in answered)


def test_what_is_older_than_the_conversation_is_refused_and_nothing_stored(load, message):
    before = all_rows()

    with pytest.raises(CommandError, match="Line 2: ben and ana have written here since, on 20"):
        load(line(1), line(2, sender="ben", receiver="ana"))

    assert all_rows() == before


def test_a_longer_export_adds_what_came_later(load):
    load(line(1), line(4))

    load(line(1), line(4), line(5, parent=1))

    assert list(Message.objects.order_by("id").values_list("content", flat=True)) == [
        *("Text 1", "Text 4", "Text 5")
    ]
    with pytest.raises(CommandError, match="have written here since"):
        load(line(1), line(2), line(4), line(5, parent=1))


def test_people_can_reply_after_an_import(load):
    load(line(1), line(2, parent=1))
    cleo, dan = get_user_model().objects.order_by("username")
    last = Message.objects.latest("id")

    reply = services.send_message(sender=dan, receiver=cleo, content="Still here", parent=last)

    assert reply.pk > last.pk
    assert reply.changed_in == last.changed_in + 1
    assert reply.thread == Message.objects.earliest("id")


def test_people_are_made_under_their_own_name_and_cannot_sign_in(load):
    load(line(1, sender="[x]", receiver="foo|bar`^"), line(2, sender="日本", receiver="n" * 150))

    people = get_user_model().objects.all()
    assert {person.username for person in people} == {"[x]", "foo|bar`^", "日本", "n" * 150}
    assert {person.first_name for person in people} == {"[x]", "foo|bar`^", "日本", "n" * 80}
    assert not any(person.has_usable_password() for person in people)
    assert not any(person.is_staff for person in people)


def test_imported_people_are_found_without_accents(load, ana):
    load(line(1, sender="Tomás", receiver="Łucja"))

    assert [person.username for person in people_named("tomas", searcher=ana)] == ["Tomás"]
    assert [person.username for person in people_named("lucja", searcher=ana)] == ["Łucja"]


def test_people_who_are_here_already_keep_their_account(load, ana):
    ana.set_password("correct horse")
    ana.save()

    load(line(1, sender="ana"))

    ana.refresh_from_db()
    assert ana.check_password("correct horse")
    assert Message.objects.get().sender == ana
    assert get_user_model().objects.count() == 2


def test_the_history_of_a_closed_account_is_imported(load, ana, ben):
    ana.is_active = False
    ana.save()
    with pytest.raises(ValidationError):  # premise: nobody can send her a new message
        services.send_message(sender=ben, receiver=ana, content="Are you there?")

    load(
        line(1, sender="ben", receiver="ana"),
        line(2, parent=1, sender="ana", receiver="ben"),
        line(3, sender="ben", receiver="ana", read=False),
    )

    assert Message.objects.count() == 3
    assert Message.unread.unread_for_user(ana).count() == 1
    ana.refresh_from_db()
    assert not ana.is_active


def test_imported_messages_are_read_and_notify_nobody(load):
    load(line(1), line(2, parent=1, read=True))

    assert not Message.objects.filter(read=False).exists()
    assert not Notification.objects.exists()


def test_a_message_that_the_file_calls_unread_is_unread_and_notifies_its_receiver(load):
    load(line(1, read=False), line(2, parent=1, read=False))

    dan = get_user_model().objects.get(username="dan")
    assert Message.unread.unread_for_user(dan).count() == 2
    notifications = Notification.objects.order_by("message")
    assert [(one.user, one.kind, one.read) for one in notifications] == [
        (dan, "message", False),
        (dan, "message", False),
    ]
    assert notifications[0].created_at == datetime(2020, 1, 1, 10, 1, tzinfo=UTC)


def test_earlier_texts_become_the_history(load):
    load(
        line(
            1,
            history=["First", {"content": "Second", "edited_at": "2021-01-01T00:00:00Z"}],
        ),
        line(2, edited=True),
        line(3),
    )

    first, second, third = Message.objects.order_by("id")
    versions = list(first.history.order_by("id"))
    assert [version.old_content for version in versions] == ["First", "Second"]
    assert [version.edited_at.year for version in versions] == [2020, 2021]
    assert {version.edited_by for version in versions} == {first.sender}
    assert (first.edited, second.edited, third.edited) == (True, True, False)
    assert (first.text_version, second.text_version) == (2, None)
    assert not second.history.exists()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-02-03T04:05:06", datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2020-02-03T04:05:06Z", datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2020-02-03T04:05:06+02:00", datetime(2020, 2, 3, 2, 5, 6, tzinfo=UTC)),
        ("2020-02-03", datetime(2020, 2, 3, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_and_without_a_zone(load, written, meant):
    load(line(1, timestamp=written))

    assert Message.objects.get().timestamp == meant


def test_running_it_again_adds_and_changes_nothing(load):
    lines = [line(1, read=False), line(2, parent=1, history=["Before"]), line(3, sender="eva")]
    assert "Imported 3 of 3 messages" in load(*lines)
    before = all_rows()

    assert "Imported 0 of 3 messages" in load(*lines)
    assert all_rows() == before


def test_a_longer_file_adds_only_what_is_new_and_may_answer_what_is_old(load):
    load(line(1))
    load(line(1), line(2, parent=1))
    load(line(3, parent=2, sender="dan", receiver="cleo"))

    messages = list(Message.objects.order_by("id"))
    assert len(messages) == 3
    assert [message.thread for message in messages] == [None, messages[0], messages[0]]
    assert [message.changed_in for message in messages] == [1, 2, 3]
    assert Conversation.objects.get().last_message == messages[-1]
    activity = Participant.objects.first().last_activity
    assert activity == datetime(2020, 1, 1, 10, 3, tzinfo=UTC)


def test_an_import_into_a_conversation_leaves_its_messages_as_they_are(load, message):
    load(line(1, sender="ben", receiver="ana"), even_if_older=True)

    conversation = Conversation.objects.get()
    old, imported = Message.objects.order_by("id")
    assert old == message
    assert imported.changed_in == conversation.version == message.changed_in + 1
    # The conversation has a later message than those that came in.
    assert conversation.participants.first().last_activity == message.timestamp


def test_a_message_that_was_edited_or_deleted_here_is_not_restored(load):
    lines = [line(1), line(2), line(3, parent=2, sender="dan", receiver="cleo")]
    load(*lines)
    first, second, _third = Message.objects.order_by("id")
    first.content = "Edited here"
    first.save()
    second.delete()
    before = all_rows()

    load(*lines)

    assert all_rows() == before


def test_the_same_id_between_other_people_is_another_message(load):
    load(line(1))
    load(line(1, receiver="eva", content="Hello, Eva"))

    assert Message.objects.count() == 2


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_standard_input_is_read(monkeypatch, zipped):
    text = json.dumps(line(1)).encode() + b"\r\n\n" + json.dumps(line(2)).encode()
    source = io.TextIOWrapper(io.BytesIO(gzip.compress(text) if zipped else text))
    monkeypatch.setattr("sys.stdin", source)

    call_command("import_messages", "-", verbosity=0)

    assert Message.objects.count() == 2


def test_a_compressed_file_is_read(tmp_path):
    file = tmp_path / "messages.jsonl.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(line(1)).encode()))

    call_command("import_messages", str(file), verbosity=0)

    assert Message.objects.get().content == "Text 1"


def test_progress_and_rate_are_shown(tmp_path, capsys):
    file = tmp_path / "messages.jsonl"
    file.write_text(json.dumps(line(1)))

    call_command("import_messages", str(file))

    output = capsys.readouterr()
    assert "1/1" in output.err
    assert "messages/s" in output.err
    assert "a second" in output.out


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nonsense", "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"[" * 5_000, "not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        *[
            (without(name), f'"{name}" is missing')
            for name in ("id", "parent", "sender", "receiver", "timestamp", "content")
        ],
        (line(2, parent=7), "Its parent, m7, is unknown"),
        (line(2, parent=2), "Its parent, m2, is unknown"),
        (line(2, parent=1, receiver="eva"), "Its parent, m1, is between other people"),
        (line(2, receiver="cleo"), "also the receiver"),
        (line(2, content="a\0b"), "NUL"),
        (line(2, sender="a\0b"), "NUL"),
        (line(2, content="x" * (CONTENT_MAX_LENGTH + 1)), "20,001"),
        (line(2, content=" \n"), "cannot be empty"),
        (line(2, content="\ud800"), "not Unicode"),
        (line(2, content=7), '"content" is not a text'),
        (line(2, sender=""), '"sender" is empty'),
        (line(2, sender="x" * 151), "longer than 150"),
        (line(2, timestamp="yesterday"), "ISO 8601"),
        (line(2, timestamp="0001-01-01T00:00:00+10:00"), "ISO 8601"),
        # Times that a page in another time zone could not write.
        (line(2, timestamp="0001-01-01T00:00:00Z"), "between 1900 and 2199"),
        (line(2, timestamp="9999-12-31T23:59:59Z"), "between 1900 and 2199"),
        (line(2, sender="Ana \u202eamiL"), "cannot be a name"),
        (line(2, sender="\u200b\u200b"), "cannot be a name"),
        (line(2, sender="a\nb"), "cannot be a name"),
        (line(2, sender="CLEO"), "CLEO and cleo differ only in capital letters"),
        (line(2, timestamp=1577873400), '"timestamp" is not a text'),
        (line(2, read="yes"), '"read" is neither'),
        (line(2, edited=None), '"edited" is neither'),
        (line(2, history="before"), '"history" is not a list'),
        (line(2, history=[7]), '"history" has something'),
        (line(2, history=[""]), "cannot be empty"),
        (line(2, id=None), '"id" is neither'),
        (line(1), "The id m1 was used"),
    ],
)
def test_a_bad_line_stops_with_its_number_and_reason_and_changes_nothing(load, bad, reason):
    MessageFactory()
    before = all_rows()

    with pytest.raises(CommandError) as stopped:
        load(line(1), b"", bad, line(4), verbosity=0)

    assert str(stopped.value).startswith("Line 3: ")
    assert reason in str(stopped.value)
    assert "Nothing was imported" in str(stopped.value)
    assert all_rows() == before


def test_a_name_that_somebody_here_has_in_other_capitals_is_refused(load):
    UserFactory(username="Cleo")

    with pytest.raises(CommandError, match="Line 1: cleo and Cleo differ only in capital letters"):
        load(line(1), verbosity=0)


def test_an_id_that_was_imported_with_another_text_is_refused(load):
    load(line(1))
    before = all_rows()

    with pytest.raises(CommandError, match=r"Line 2: The id m1 was imported before"):
        load(line(5), line(1, content="Something else"), verbosity=0)

    assert all_rows() == before


def test_a_missing_or_broken_file_is_reported_without_a_traceback(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_messages", str(tmp_path / "none"))

    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(json.dumps(line(1)).encode() * 50)[:40])
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_messages", str(broken), verbosity=0)
    assert not Message.objects.exists()


@pytest.mark.parametrize("most", [parser.MOST_IN_MEMORY, 100], ids=["in memory", "read twice"])
def test_more_than_one_batch_keeps_every_thread(load, monkeypatch, most):
    monkeypatch.setattr(parser, "MOST_IN_MEMORY", most)
    count = 2_100  # with replies across the bounds of a batch
    lines = [line(1, content="Text 1")]
    for number in range(2, count + 1):
        lines.append(line(1, parent=number - 1) | {"id": f"m{number}"})

    load(*lines, verbosity=0)

    ids = list(Message.objects.order_by("id").values_list("pk", "parent_message", "thread"))
    assert len(ids) == count
    assert all(
        parent == before and thread == ids[0][0]
        for (before, _p, _t), (_pk, parent, thread) in pairwise(ids)
    )
    assert Conversation.objects.get().version == count
