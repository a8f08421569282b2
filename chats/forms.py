"""What people type, checked before a service sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chats.http.params import LARGEST_ID
from chats.message_view_model import message_url
from messaging.people import people_to_write_to
from messaging.services import clean_content

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from messaging.models import Draft, Message


class ContentField(forms.CharField):
    """A message's text. What is wrong with it is said by the service, in one place."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, required=False, **kwargs)
        # The service says it better, and keeps the rest of the text.
        self.validators = []

    def clean(self, value: Any) -> str:
        return clean_content(super().clean(value))


class MessageForm(forms.Form):
    """A new message or a reply. The same `client_key` twice is one message."""

    content = ContentField()
    client_key = forms.UUIDField(widget=forms.HiddenInput)
    # The version of the draft that the box shows.
    draft_version = forms.UUIDField(required=False, widget=forms.HiddenInput)

    # Set on a form that goes out again because its key has sent another text before.
    conflict: Message | None = None

    @property
    def conflict_url(self) -> str:
        return message_url(self.conflict.pk) if self.conflict else ""

    def as_another(self, sent: Message) -> Self:
        """This form's text under a new key: sent again, it is another message than `sent`."""
        self.conflict = sent
        self.data = {**self.data.dict(), "client_key": str(uuid4())}  # type: ignore[attr-defined]
        return self

    @classmethod
    def fresh(cls, draft: Draft | None = None, **kwargs: Any) -> Self:
        """A form with a key that no message has yet, and with the text of `draft`."""
        initial: dict[str, Any] = {"client_key": uuid4()}
        if draft is not None:
            initial |= {"content": draft.content, "draft_version": draft.version}
        return cls(initial=initial, **kwargs)


class DraftForm(forms.Form):
    """A text that is kept while it is written."""

    content = forms.CharField(strip=False, required=False)
    client_key = forms.UUIDField(required=False)
    draft_version = forms.UUIDField(required=False)


class EditForm(forms.Form):
    """A message's new text, and the version of the text that it was made from."""

    content = ContentField()
    text_version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def clean_text_version(self) -> int:
        """The version; -1, which is a conflict, if a page of an earlier release named none."""
        version = self.cleaned_data["text_version"]
        return -1 if version is None else version


class NewMessageForm(MessageForm):
    """A message to somebody, chosen among those one may write to.

    Named by their id: a user name can belong to somebody else by the time it is sent.
    """

    to = forms.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)

    def __init__(self, *args: Any, writer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.writer = writer
        self.fields["to"].error_messages = dict.fromkeys(
            ("invalid", "min_value", "max_value"), _("Choose who should get this.")
        )

    def clean_to(self) -> User:
        person = people_to_write_to(self.writer).filter(pk=self.cleaned_data["to"]).first()
        if person is None:
            raise ValidationError(_("Choose who should get this."), code="nobody")
        return person
