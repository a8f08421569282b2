"""The generated data of `make bench` has every column of the models."""

import pytest

from benchmarks import world
from messaging.models import Conversation, Message, MessageHistory, Notification, Participant


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (Conversation, world.CONVERSATION_COLUMNS),
        (Participant, world.PARTICIPANT_COLUMNS),
        (Message, world.MESSAGE_COLUMNS),
        (MessageHistory, world.HISTORY_COLUMNS),
        (Notification, world.NOTIFICATION_COLUMNS),
    ],
)
def test_every_column_of_a_generated_row_is_filled(model, columns):
    # Rows are written into the tables directly, without the defaults of Django.
    known = {field.column for field in model._meta.concrete_fields}

    # The newest replies are stored once all rows are there.
    assert known - set(columns) <= {"id", "newest_reply"}
    assert set(columns) <= known
