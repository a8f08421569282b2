"""Rules for usernames and displayed names."""

from __future__ import annotations

import unicodedata

import regex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from messaging.text import shows_something

DISPLAY_NAME_MAX_LENGTH = 80  # characters

# Marks that change the direction of all text after them: "Ana \u202e..." would reverse other words
# of the page.
_DIRECTION_MARKS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of pairs, line ends
_COMBINING_MARKS = {"Mn", "Me"}  # they need a letter to stand on

# Scripts with letters that look like each other's: "jonas" can have a Cyrillic "o".
_LOOKALIKES = [
    regex.compile(rf"\p{{Script={script}}}")
    for script in ("Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic")
]
_WORD = regex.compile(r"[\p{L}\p{M}]+")


def refuse_mixed_scripts(name: str) -> None:
    """Raises ValidationError if a word of `name` has letters of two scripts that look alike."""
    for word in _WORD.findall(name):
        if sum(script.search(word) is not None for script in _LOOKALIKES) > 1:
            raise ValidationError(
                _("“%(word)s” mixes letters of two alphabets that look alike. Type it in one."),
                code="mixed",
                params={"word": word},
            )


# Like Django's own rule, but without "@": a username that equals somebody's e-mail address would
# get in the way of that person at the sign-in. ACCOUNT_USERNAME_VALIDATORS names this list.
username_validators = [
    RegexValidator(
        r"^[\w.+-]+\Z", _("Use letters, digits and . + - _ only, without spaces."), code="invalid"
    ),
    refuse_mixed_scripts,
]


def clean_display_name(name: str) -> str:
    """`name` in the form in which it is stored: composed characters (NFC), single spaces.

    Raises:
        ValidationError: the name is invisible or too long, it has control characters or marks
            that change the direction of text, or a word of it mixes scripts that look alike.
    """
    for character in name.strip():
        if (
            unicodedata.category(character) in _FORBIDDEN
            or unicodedata.bidirectional(character) in _DIRECTION_MARKS
        ):
            raise ValidationError(
                _("The name has an invisible character that is not allowed. Type it again."),
                code="not_allowed",
            )
    name = " ".join(unicodedata.normalize("NFC", name).split())
    letters = (
        character for character in name if unicodedata.category(character) not in _COMBINING_MARKS
    )
    if not shows_something("".join(letters)):
        raise ValidationError(_("Enter a name that others can see."), code="invisible")
    if len(name) > DISPLAY_NAME_MAX_LENGTH:
        raise ValidationError(
            _("A name can have at most %(limit)s characters; this one has %(length)s."),
            code="too_long",
            params={"limit": DISPLAY_NAME_MAX_LENGTH, "length": len(name)},
        )
    refuse_mixed_scripts(name)
    return name
