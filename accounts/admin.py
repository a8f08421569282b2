"""People and invitations in the admin of Django. It never shows a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

# Before the calls of unregister() below: both register models in the admin.
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
from accounts.models import Invitation, InvitationQuerySet
from accounts.views.entry import LogoutView
from messaging.deleted_accounts import DeletedAccount
from messaging.names import clean_display_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.models import User as Person
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import Promise

User = get_user_model()

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
admin.site.index_title = _("Administration")
# The admin signs people in and out by the pages of this app: these have rate limits, and record the
# sessions, so that they can be ended.
admin.site.login = secure_admin_login(  # type: ignore[method-assign, no-untyped-call]
    lambda request, **kwargs: redirect("admin:index")
)
admin.site.logout = LogoutView.as_view()  # type: ignore[assignment]

# Services and allauth keep addresses and sessions consistent with the user: the admin would bypass
# them. Nothing here asks for the permissions of groups.
admin.site.unregister([User, Group, EmailAddress, UserSession])


class PersonForm(UserChangeForm):  # type: ignore[type-arg]  # not generic at run time
    def clean_first_name(self) -> str:
        name: str = self.cleaned_data["first_name"]
        # An imported name may break the rules: the rest of its form can be saved all the same.
        return clean_display_name(name) if name and "first_name" in self.changed_data else name


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # not generic at run time
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        # Without the nameless rows of accounts whose messages are still being deleted.
        deleted = DeletedAccount.objects.values("pk")
        return super().get_queryset(request).exclude(pk__in=deleted)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        # With such a link one can sign in as anybody: not for every member of staff.
        return request.user.is_superuser

    @admin.action(description=_("Make a one-time sign-in reset link"), permissions=["reset"])
    def make_reset_links(
        self, request: HttpRequest, people: QuerySet[Person]
    ) -> HttpResponse | None:
        active = [person for person in people.order_by("username") if person.is_active]
        if not active:
            self.message_user(request, _("These accounts are switched off."), messages.WARNING)
            return None
        # In the response itself: the session would store a message of Django until it is shown.
        links = [(person.get_username(), services.reset_address(person)) for person in active]
        return _show_links(self, request, _("One-time links to choose a new password"), links)

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            services.change_email(user=obj, email=obj.email)

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        own = obj.pk == request.user.pk
        super().delete_model(request, obj)
        if own:
            # The session was deleted with the account, and Django is about to write into it.
            logout(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        own = queryset.filter(pk=cast("Person", request.user).pk).exists()
        super().delete_queryset(request, queryset)
        if own:
            logout(request)

    def get_deleted_objects(
        self, objs: Iterable[Person], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        # In numbers: nobody may read a list of the messages, and it could have a million lines.
        lines = []
        for person in objs:
            text = _("%(person)s (messages: %(messages)s, conversations: %(conversations)s)")
            deleted = {
                "person": person,
                "messages": services.messages_deleted_with(person),
                "conversations": services.conversations_deleted_with(person),
            }
            lines.append(text % deleted)
        return lines, {str(_("accounts")): len(lines)}, set(), []


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
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
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = InvitationForm
    actions = ["withdraw"]
    list_display = ["__str__", "created_at", "created_by", "expires_at", "used_at", "used_by"]
    list_select_related = ["created_by", "used_by"]
    ordering = ["-created_at"]

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    @admin.action(description=_("Withdraw selected invitations"), permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, invitations: InvitationQuerySet) -> None:
        count = services.withdraw_invitations(invitations)
        text = ngettext("%(n)s invitation is withdrawn.", "%(n)s invitations are withdrawn.", count)
        self.message_user(request, text % {"n": count}, messages.SUCCESS)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[Any]:
        return [*self.list_display[1:]] if obj else ["days"]

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Invitation:
        super().save_form(request, form, change)
        # The service saves the row, and returns the only copy of the address.
        invitation, address = services.invite(
            created_by=cast("Person", request.user), days=form.cleaned_data["days"]
        )
        # For `response_add`, the next method that has the request.
        request.invitation_address = address  # type: ignore[attr-defined]
        return invitation

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """`save_form` has saved the row."""

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        links = [(str(obj), request.invitation_address)]  # type: ignore[attr-defined]
        return _show_links(self, request, _("One-time link to sign up"), links)


def _show_links(
    model_admin: Any, request: HttpRequest, title: Promise, links: list[tuple[str, str]]
) -> TemplateResponse:
    """A page of the admin with links that cannot be shown again: pairs of a name and an address."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "links": links,
    }
    return TemplateResponse(request, "accounts/admin_links.html", context)
