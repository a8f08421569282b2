"""Stopping mail from the mail itself, where nobody is signed in."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import mail_notifications, services
from accounts.models import Preferences


# Mail programs post here by themselves, without a page, cookie or token of ours (RFC 8058); what
# allows it is the signature in the address. A GET only shows the form: programs that look into
# mails for danger follow every link.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request, token):
    user = mail_notifications.subscriber(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        services.save_preferences(user=user, mail=Preferences.Mail.OFF)
    context = {"done": request.method == "POST"}
    return render(request, "accounts/unsubscribe.html", context)
