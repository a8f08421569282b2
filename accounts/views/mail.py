"""Unsubscribing from mail by the link in a mail, without signing in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import mail_notifications, services
from accounts.models import Preferences


# Mail programs send the POST themselves, without a page, a cookie or a CSRF token (RFC 8058). The
# signature in the address authorizes it. A GET only shows the form: virus scanners follow every
# link in a mail.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to stop the mail of the person in `token`; a POST stops it."""
    user = mail_notifications.subscriber(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        services.save_preferences(user=user, mail=Preferences.Mail.OFF)
    return render(request, "accounts/unsubscribe.html", {"done": request.method == "POST"})
