"""Forms of accounts."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from allauth.account import forms as allauth_forms
from allauth.account.fields import PasswordField
from django import forms
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.layout import LaidOut
from accounts.models import Preferences
from messaging.names import DISPLAY_NAME_MAX_LENGTH, clean_display_name

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

_USERNAME_ATTRS = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


@cache
def time_zones() -> dict[str, str]:
    """The time zones to choose from, by their names in lower case."""
    # Without misleading names: "Etc/GMT+3" is three hours behind UTC, and "EST" names no place.
    places = {
        name
        for name in zoneinfo.available_timezones()
        if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
    }
    return {name.lower(): name for name in sorted(places)}


class DisplayNameField(forms.CharField):
    """The name that other people see, in any script."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("max_length", DISPLAY_NAME_MAX_LENGTH)
        super().__init__(**kwargs)
        self.widget.attrs |= {"autocomplete": "name", "dir": "auto"}

    def clean(self, value: str) -> str:
        name: str = super().clean(value)
        return clean_display_name(name) if name else name


class NewPasswordMixin(forms.BaseForm):
    """A form for a new password, with one sentence of help instead of allauth's four."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first, second = self.fields["password1"], self.fields["password2"]
        first.help_text = _("At least %(least)s characters, and nothing that is easy to guess.") % {
            "least": settings.PASSWORD_MIN_LENGTH
        }
        second.label = _("The same password again")


# Signing in and up ----------------------------------------------------------------------------


class LoginForm(LaidOut, allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or e-mail address")
        self.fields["login"].widget.attrs |= _USERNAME_ATTRS
        # The template has the link to a new password under the button, and not before it.
        self.fields["password"].help_text = ""


class SignUpForm(  # type: ignore[misc]  # allauth's clean() has no types
    NewPasswordMixin, LaidOut, allauth_forms.SignupForm
):
    """The first administrator and invited people use it as well."""

    first_name = DisplayNameField(help_text=_("What others see. Any language, any script."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [
            ("", _("Follow the browser")),
            *((zone, zone) for zone in time_zones().values()),
        ],
    )
    field_order = ["first_name", "username", "email", "password1", "password2", "time_zone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username, email = self.fields["username"], self.fields["email"]
        username.label = _("Username")
        username.help_text = _("For signing in, and for others to find you.")
        username.widget.attrs |= _USERNAME_ATTRS
        email.label = _("E-mail address (optional)")
        email.help_text = (
            _("For a new password, should you forget yours.")
            if settings.EMAIL_URL
            else _("You can sign in with it too. No mail is sent to it.")
        )
        self.fields["password1"].label = _("Password")

    def save(self, request: HttpRequest) -> User:
        """Create the account, with the chosen time zone."""
        user = cast("User", super().save(request))
        if zone := self.cleaned_data["time_zone"]:
            services.save_preferences(user=user, time_zone=zone)
        return user


# Passwords ------------------------------------------------------------------------------------


class ResetPasswordForm(LaidOut, allauth_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")


class ResetPasswordKeyForm(NewPasswordMixin, LaidOut, allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")


class ChangePasswordForm(NewPasswordMixin, LaidOut, allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].help_text = ""
        self.fields["password1"].label = _("New password")


class CurrentPasswordForm(forms.Form):
    """Asks `user` for the current password: a borrowed browser must not make such a change."""

    password = PasswordField(label=_("Current password"), autocomplete="current-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("That password is not correct."), code="incorrect")
        return password


# The account page -----------------------------------------------------------------------------


class ProfileForm(LaidOut, forms.Form):
    first_name = DisplayNameField()


class EmailForm(LaidOut, CurrentPasswordForm):
    email = forms.EmailField(label=_("E-mail address"), max_length=254, required=False)
    field_order = ["email", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autocomplete"] = "email"


class LanguageSelect(forms.Select):
    """A choice of languages. Each option is marked as text in its own language."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value:
            bidi = get_language_info(value)["bidi"]
            option["attrs"] |= {"lang": value, "dir": "rtl" if bidi else "ltr"}
        return option


class ReadingForm(LaidOut, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How the pages look and behave."""

    class Meta:
        model = Preferences
        fields = ["theme", "language", "time_zone", "read_on_sight", "enter_sends", "single_keys"]
        widgets = {
            "language": LanguageSelect(attrs={"autocomplete": "language"}),
            "theme": forms.RadioSelect(attrs={"class": "form-check-input"}),
            "time_zone": forms.TextInput(
                attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without the dashes of Django: "Follow the system" is the blank choice.
        self.fields["theme"].choices = Preferences.Theme.choices  # type: ignore[attr-defined]
        # The model has no choices for it, only a length, which a list does not need.
        self.fields["language"].widget.attrs.pop("maxlength", None)
        self.fields["language"].widget.choices = [
            ("", _("Follow the browser")),
            *settings.LANGUAGES,
        ]
        self.fields["time_zone"].help_text = _(
            "Type a city, such as Lisbon. Left empty, times follow the browser, or the server: %(zone)s."
        ) % {"zone": settings.TIME_ZONE}
        self.fields["enter_sends"].help_text = _(
            "Shift+Enter begins a new line. Otherwise Enter does, and Ctrl+Enter sends."
        )
        self.fields["single_keys"].help_text = _("Such as r to reply and j for the next message.")

    def clean_language(self) -> str:
        chosen: str = self.cleaned_data["language"]
        if chosen and chosen not in dict(settings.LANGUAGES):
            raise forms.ValidationError(_("Choose a language from the list."), code="unknown")
        return chosen

    def clean_time_zone(self) -> str:
        typed = self.cleaned_data["time_zone"].strip().replace(" ", "_").lower()
        if not typed:
            return ""
        known = time_zones()
        # The name of a city is enough if no other zone has it.
        found = [name for key, name in known.items() if typed in (key, key.rpartition("/")[2])]
        if len(found) != 1:
            raise forms.ValidationError(
                _("Choose a time zone from the list, such as Europe/Lisbon."), code="unknown"
            )
        return found[0]


class MailForm(LaidOut, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """When mail comes about messages. For people with an address, where there is a mail server."""

    class Meta:
        model = Preferences
        fields = ["mail"]
        widgets = {"mail": forms.RadioSelect(attrs={"class": "form-check-input"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mail"]
        field.label = _("Tell me by mail when somebody writes to me")
        # Without the dashes of Django: "Never" is the blank choice.
        field.choices = Preferences.Mail.choices  # type: ignore[attr-defined]
        field.help_text = _(
            "One mail for a conversation, until you have read it. It says who wrote, not what."
        )


class DeleteAccountForm(LaidOut, CurrentPasswordForm):
    sure = forms.BooleanField()

    def __init__(self, *args: Any, messages: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sure"].label = ngettext(
            "I understand that this deletes %(n)s message, sent or received",
            "I understand that this deletes %(n)s messages, sent and received",
            messages,
        ) % {"n": number_format(messages, force_grouping=True)}
        self.fields["sure"].error_messages["required"] = _("Tick the box to confirm.")
