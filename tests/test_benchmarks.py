"""What `make bench` builds its worlds of keeps up with the models."""

import pytest

from benchmarks import rows
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Conversation, rows.CONVERSATION_COLUMNS),
        (Participant, rows.PARTICIPANT_COLUMNS),
        (Message, rows.MESSAGE_COLUMNS),
        (MessageHistory, rows.HISTORY_COLUMNS),
        (Notification, rows.NOTIFICATION_COLUMNS),
    ],
)
def test_every_column_of_a_made_up_row_is_filled(model, columns):
    # Rows go straight into the tables, where Django's defaults do not reach.
    known = {field.column for field in model._meta.concrete_fields}

    # A text that was never edited has no version.
    assert known - set(columns) <= {"id", "text_version"}
    assert set(columns) <= known
