"""One address for each thing, one view for each interaction."""

from django.urls import path

from chats import views

app_name = "chats"

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.inbox_read, name="inbox_read"),
    path("c/<int:pk>/", views.conversation_detail, name="conversation_detail"),
    path("c/<int:pk>/messages/", views.conversation_messages, name="conversation_messages"),
    path("c/<int:pk>/changes/", views.conversation_changes, name="conversation_changes"),
    path("c/<int:pk>/new/", views.conversation_new, name="conversation_new"),
    path("c/<int:pk>/unread/", views.conversation_unread, name="conversation_unread"),
    path("c/<int:pk>/send/", views.message_send, name="message_send"),
    path("c/<int:pk>/draft/", views.conversation_draft, name="conversation_draft"),
    path("c/<int:pk>/order/", views.conversation_order, name="conversation_order"),
    path("c/<int:pk>/print/", views.conversation_print, name="conversation_print"),
    path("c/<int:pk>/read/", views.conversation_read, name="conversation_read"),
    path("c/<int:pk>/seen/", views.conversation_seen, name="conversation_seen"),
    path("m/<int:pk>/", views.message_detail, name="message_detail"),
    path("m/<int:pk>/reply/", views.message_reply, name="message_reply"),
    path("m/<int:pk>/draft/", views.message_draft, name="message_draft"),
    path("m/<int:pk>/edit/", views.message_edit, name="message_edit"),
    path("m/<int:pk>/delete/", views.message_delete, name="message_delete"),
    path("m/<int:pk>/history/", views.message_history, name="message_history"),
    path("m/<int:pk>/read/", views.message_read, name="message_read"),
    path("m/<int:pk>/unread/", views.message_unread, name="message_unread"),
    path("live/", views.live, name="live"),
    path("changes/", views.changes, name="changes"),
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/read/", views.notifications_read, name="notifications_read"),
    path("new/", views.message_new, name="message_new"),
    path("people/", views.people, name="people"),
    path("search/", views.search, name="search"),
]
