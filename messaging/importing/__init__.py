"""Messages from elsewhere, as JSON Lines: `reading` checks every line, `writing` stores them."""

from messaging.importing.reading import BadLine, Lines, opened
from messaging.importing.writing import Survey, write

__all__ = ["BadLine", "Lines", "Survey", "opened", "write"]
