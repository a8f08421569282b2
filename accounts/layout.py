"""How our forms are drawn: the markup of `templates/partials/field.html`, by crispy-forms."""

from __future__ import annotations

from crispy_forms.helper import FormHelper
from django import forms


class FieldsHelper(FormHelper):
    """Draws the fields only. The template writes the form, its token, and the error summary."""

    form_tag = False
    disable_csrf = True
    template = "partials/fields.html"
    field_template = "partials/field.html"


class LaidOut(forms.BaseForm):
    """A form for `{% crispy form %}`, in our own look."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # allauth puts the label there too; a placeholder goes away when it is needed.
            field.widget.attrs.pop("placeholder", None)
        self.helper = FieldsHelper(self)
