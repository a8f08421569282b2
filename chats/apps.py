"""The browser's side of Parley: pages, parts of pages, and what they are cached under."""

from django.apps import AppConfig


class ChatsConfig(AppConfig):
    name = "chats"

    def ready(self) -> None:
        from chats import signals  # noqa: F401  (connects the receivers)
