"""The clock steps back, and nothing is lost, hidden or out of order."""

from datetime import datetime, timedelta

import pytest

from messaging.models import Message
from tests.chats.addresses import address, filled_in
from tests.chats.page_contents import shown
from tests.html import soup

pytestmark = pytest.mark.django_db


def stepped(back):
    class Stepped(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - back

    return Stepped


@pytest.mark.parametrize("back", [timedelta(seconds=5), timedelta(hours=2), timedelta(days=40)])
def test_what_is_sent_after_the_clock_stepped_back_comes_last(as_ana, theirs, monkeypatch, back):
    send, reply = address("message_send", theirs), address("message_reply", theirs)
    assert as_ana.post(send, filled_in(theirs, content="Before")).status_code == 302

    # Not `timezone.now` itself, to which the fields of the models hold a reference.
    monkeypatch.setattr("django.utils.timezone.datetime", stepped(back))
    assert as_ana.post(send, filled_in(theirs, content="After")).status_code == 302
    assert as_ana.post(reply, filled_in(theirs, content="And a reply")).status_code == 302
    edit = filled_in(theirs, content="Before, edited")
    before = Message.objects.get(content="Before")
    edit["version"] = before.changed_in
    assert as_ana.post(address("message_edit", before), edit).status_code == 302

    after = Message.objects.get(content="After")
    assert after.timestamp < before.timestamp
    page = soup(as_ana.get(f"/c/{theirs.conversation_id}/"))
    assert [pk for pk in shown(page) if pk in (before.pk, after.pk)] == [before.pk, after.pk]
    assert "And a reply" in soup(as_ana.get(f"/m/{theirs.pk}/")).get_text()
    history = soup(as_ana.get(f"/m/{before.pk}/history/")).get_text()
    assert "Before, edited" in history
    assert theirs.conversation.__class__.objects.get().last_message.content == "And a reply"
