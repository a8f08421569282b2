"""The layout of forms: crispy-forms renders them by `templates/partials/field.html`."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms


class FieldsHelper(FormHelper):  # type: ignore[misc]  # crispy-forms has no types
    """Renders the fields only. The template has the form tag, CSRF token and error summary."""

    form_tag = False
    disable_csrf = True
    template = "partials/fields.html"
    field_template = "partials/field.html"


class LaidOut(forms.BaseForm):
    """A form that `{% crispy form %}` renders in the look of this project."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # allauth repeats the label as a placeholder, which disappears while somebody types.
            field.widget.attrs.pop("placeholder", None)
        self.helper = FieldsHelper(self)
