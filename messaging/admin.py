"""What an administrator sees of private messages: that they exist, never what they say."""

from django.contrib import admin

from messaging.models import Message, MessageHistory, Notification


class ReadOnlyAdmin(admin.ModelAdmin):
    """Ids and times. People write and delete their own messages; nobody does it for them."""

    list_per_page = 50
    show_full_result_count = False  # a count of every message there is, for nothing

    def lookup_allowed(self, lookup, value, request=None):
        # Django lets a list be narrowed by any field of the model. "?content__startswith=a" would
        # tell letter by letter what nobody shows here, "?sender__password__gt=…" even more.
        return lookup in self.list_display

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
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
