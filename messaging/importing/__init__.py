"""Messages from elsewhere, as JSON Lines: `reading` checks every line, `writing` stores them."""

from messaging.importing.loader import Survey, write
from messaging.importing.parser import BadLine, Lines, opened

__all__ = ["BadLine", "Lines", "Survey", "opened", "write"]
