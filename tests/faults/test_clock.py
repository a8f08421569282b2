"""The clock steps back, as clocks do: nothing is lost, hidden or out of order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Message
from tests.chats.addresses import address, filled_in
from tests.chats.reading import shown
from tests.html import soup

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("back", [timedelta(seconds=5), timedelta(hours=2), timedelta(days=40)])
def test_what_is_sent_after_the_clock_stepped_back_comes_last(as_ana, theirs, monkeypatch, back):
    send, reply = address("message_send", theirs), address("message_reply", theirs)
    assert as_ana.post(send, filled_in(theirs, content="Before")).status_code == 302
    now = timezone.now

    monkeypatch.setattr("django.utils.timezone.now", lambda: now() - back)
    assert as_ana.post(send, filled_in(theirs, content="After")).status_code == 302
    assert as_ana.post(reply, filled_in(theirs, content="And a reply")).status_code == 302
    edit = filled_in(theirs, content="Before, edited")
    before = Message.objects.get(content="Before")
    edit["version"] = before.changed_in
    assert as_ana.post(address("message_edit", before), edit).status_code == 302

    page = soup(as_ana.get(f"/c/{theirs.conversation_id}/"))
    after = Message.objects.get(content="After")
    assert [pk for pk in shown(page) if pk in (before.pk, after.pk)] == [before.pk, after.pk]
    assert "And a reply" in soup(as_ana.get(f"/m/{theirs.pk}/")).get_text()
    history = soup(as_ana.get(f"/m/{before.pk}/history/")).get_text()
    assert "Before, edited" in history
    assert theirs.conversation.__class__.objects.get().last_message.content == "And a reply"
