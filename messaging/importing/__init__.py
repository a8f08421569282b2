"""Import of messages from JSON Lines: `parser` checks each line, `loader` stores the messages."""

from messaging.importing.loader import Survey, store_messages
from messaging.importing.parser import BadLine, MessageFile, open_source

__all__ = ["BadLine", "MessageFile", "Survey", "open_source", "store_messages"]
