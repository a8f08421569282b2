"""What people may be called."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from messaging.text import shows_something

DISPLAY_NAME_MAX_LENGTH = 80  # characters

# Marks that turn the direction of all that follows: "Ana \u202e..." would turn the page's own words.
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_NOT_IN_A_NAME = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of pairs, line ends
_MARKS = {"Mn", "Me"}  # they need a letter to stand on

# As Django's own, without "@": a username that reads like somebody's e-mail address would
# stand in their way at the sign-in page. Named by ACCOUNT_USERNAME_VALIDATORS.
username_validators = [
    RegexValidator(
        r"^[\w.+-]+\Z", _("Use letters, digits and . + - _ only, without spaces."), code="invalid"
    )
]


def clean_display_name(name: str) -> str:
    """`name` as it is stored: composed characters, single spaces.

    Raises:
        ValidationError: nothing of it shows, it is too long, or it has control characters or
            marks that turn the direction of writing.
    """
    for character in name.strip():
        if (
            unicodedata.category(character) in _NOT_IN_A_NAME
            or unicodedata.bidirectional(character) in _TURNING
        ):
            raise ValidationError(
                _("The name has an invisible character that is not allowed. Type it again."),
                code="not_allowed",
            )
    name = " ".join(unicodedata.normalize("NFC", name).split())
    letters = (character for character in name if unicodedata.category(character) not in _MARKS)
    if not shows_something("".join(letters)):
        raise ValidationError(_("Enter a name that others can see."), code="invisible")
    if len(name) > DISPLAY_NAME_MAX_LENGTH:
        raise ValidationError(
            _("A name can have at most %(limit)s characters; this one has %(length)s."),
            code="too_long",
            params={"limit": DISPLAY_NAME_MAX_LENGTH, "length": len(name)},
        )
    return name
