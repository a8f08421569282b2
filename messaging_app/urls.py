"""The URLs: which app answers which address."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from operations.health import healthz
from operations.metrics import metrics

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("chats.urls")),
]

if "debug_toolbar" in settings.INSTALLED_APPS:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()

handler400 = "chats.http.errors.bad_request"
handler403 = "chats.http.errors.permission_denied"
handler404 = "chats.http.errors.page_not_found"
handler500 = "chats.http.errors.server_error"
handler429 = "accounts.views.responses.too_many_requests"
