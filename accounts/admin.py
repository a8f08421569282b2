"""People and invitations in Django's admin. It never shows a message."""

from __future__ import annotations

# Imported first, so that what they register can be taken out again.
import allauth.account.admin
import allauth.usersessions.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.models import Invitation
from accounts.names import clean_display_name
from accounts.views.entry import LogoutView
from messaging.deleted_accounts import DeletedAccount

User = get_user_model()

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
admin.site.index_title = _("Administration")
# One way in and one way out: with their limits, and with sessions that are known and can be ended.
admin.site.login = secure_admin_login(  # type: ignore[method-assign]
    lambda request, **kwargs: redirect("admin:index")
)
admin.site.logout = LogoutView.as_view()  # type: ignore[assignment]

# Addresses and sessions are kept in step with the person by services and allauth; here they would
# be changed behind both. Groups give no right that anything here asks for.
admin.site.unregister([User, Group, EmailAddress, UserSession])


class PersonForm(UserChangeForm):
    def clean_first_name(self) -> str:
        name = self.cleaned_data["first_name"]
        return clean_display_name(name) if name else name


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = PersonForm
    actions = ["make_reset_links"]
    list_display = ["username", "first_name", "email", "is_staff", "is_active", "last_login"]
    search_fields = ["username", "first_name", "email"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["first_name", "email"]}),
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_queryset(self, request):
        # Places of accounts that are being removed are nobody's.
        gone = DeletedAccount.objects.values("pk")
        return super().get_queryset(request).exclude(pk__in=gone)

    def has_reset_permission(self, request) -> bool:
        # Such a link lets its bearer in, as anybody: not for every member of staff.
        return request.user.is_superuser

    @admin.action(description=_("Make a one-time sign-in reset link"), permissions=["reset"])
    def make_reset_links(self, request, people):
        active = [person for person in people.order_by("username") if person.is_active]
        if not active:
            self.message_user(request, _("These accounts are switched off."), messages.WARNING)
            return None
        # In the answer itself, not in a message: that would be kept in the session until shown.
        links = [(person.get_username(), services.reset_address(person)) for person in active]
        return _show_links(self, request, _("One-time links to choose a new password"), links)

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            services.change_email(user=obj, email=obj.email)

    def delete_model(self, request, obj) -> None:
        own = obj.pk == request.user.pk
        super().delete_model(request, obj)
        if own:
            # Their session went with them, and what comes next wants to write into it.
            logout(request)

    def delete_queryset(self, request, queryset) -> None:
        own = queryset.filter(pk=request.user.pk).exists()
        super().delete_queryset(request, queryset)
        if own:
            logout(request)

    def get_deleted_objects(self, objs, request):
        # What goes, in numbers. Messages are nobody's to list, and could be a million.
        lines = []
        for person in objs:
            text = _("%(person)s (messages: %(messages)s, conversations: %(conversations)s)")
            goes = {
                "person": person,
                "messages": services.messages_deleted_with(person),
                "conversations": services.conversations_deleted_with(person),
            }
            lines.append(text % goes)
        return lines, {_("accounts"): len(lines)}, set(), []


class InvitationForm(forms.ModelForm):
    days = forms.IntegerField(
        label=_("Days it can be used"),
        min_value=1,
        max_value=365,
        initial=services.INVITATION_DAYS,
    )

    class Meta:
        model = Invitation
        fields: list[str] = []


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    form = InvitationForm
    actions = ["withdraw"]
    list_display = ["__str__", "created_at", "created_by", "expires_at", "used_at", "used_by"]
    list_select_related = ["created_by", "used_by"]
    ordering = ["-created_at"]

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def has_withdraw_permission(self, request) -> bool:
        return super().has_change_permission(request)

    @admin.action(description=_("Withdraw selected invitations"), permissions=["withdraw"])
    def withdraw(self, request, invitations):
        count = services.withdraw_invitations(invitations)
        text = ngettext("%(n)s invitation is withdrawn.", "%(n)s invitations are withdrawn.", count)
        self.message_user(request, text % {"n": count}, messages.SUCCESS)

    def get_fields(self, request, obj=None):
        return self.list_display[1:] if obj else ["days"]

    def save_form(self, request, form, change):
        super().save_form(request, form, change)
        # The row comes from the service, with the only copy of its address there will be.
        invitation, request.invitation_address = services.invite(
            created_by=request.user, days=form.cleaned_data["days"]
        )
        return invitation

    def save_model(self, request, obj, form, change) -> None:
        """Nothing is left to save."""

    def response_add(self, request, obj, post_url_continue=None):
        links = [(str(obj), request.invitation_address)]
        return _show_links(self, request, _("One-time link to sign up"), links)


def _show_links(model_admin, request, title, links) -> TemplateResponse:
    """A page of the admin with links that are shown this once."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "links": links,
    }
    return TemplateResponse(request, "accounts/admin_links.html", context)
