from tests.chats.conftest import as_stranger, mine, theirs

__all__ = ["as_stranger", "mine", "theirs"]
