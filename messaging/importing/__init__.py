"""Messages from elsewhere, as JSON Lines: `reading` checks every line, `writing` stores them."""

from messaging.importing.reading import BadLine, opened, read_lines
from messaging.importing.writing import Survey, write

__all__ = ["BadLine", "Survey", "opened", "read_lines", "write"]
