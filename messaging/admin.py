"""The admin of private messages: it shows that they exist, never their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from messaging.models import Message, MessageHistory, Notification

if TYPE_CHECKING:
    from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Ids and times only. People write and delete their own messages, nobody does it for them."""

    list_per_page = 50
    show_full_result_count = False  # it would count all messages on every page

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # Django filters a list by any field that the address names. "?content__startswith=a" would
        # reveal a text letter by letter, and "?sender__password__gt=…" a password hash.
        return lookup in self.list_display

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "sender_id",
        "receiver_id",
        "conversation_id",
        "timestamp",
        "edited",
        "read",
    )
    fields = (
        "id",
        "sender_id",
        "receiver_id",
        "conversation_id",
        "parent_message_id",
        "thread_id",
        "timestamp",
        "edited",
        "read",
        "read_at",
        "deleted_at",
    )
    ordering = ("-id",)


@admin.register(MessageHistory)
class MessageHistoryAdmin(ReadOnlyAdmin):
    list_display = fields = ("id", "message_id", "edited_at", "edited_by_id")
    ordering = ("-id",)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = fields = ("id", "user_id", "message_id", "kind", "read", "created_at")
    ordering = ("-id",)
