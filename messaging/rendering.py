"""Safe HTML from typed text, and from the difference between two texts.

The only module that calls `mark_safe`.
"""

import re

import regex
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rapidfuzz.distance import Indel

from messaging.text import cut

# Raised when `render_content` changes. `manage.py render_messages` then renders old rows again.
HTML_VERSION = 1

# Above this number of words, a difference shows the old text as removed and the new one as added.
DIFFERENCE_WORDS = 4_000

# Only complete addresses become links. A guess would also make links of texts like "e.g.".
_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_ENDS_SENTENCE = ".,:;!?"
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
# No part of it ends inside of a character. A pair of flag letters stands apart because \X looks back
# at all flag letters before it, which takes quadratic time.
_WORD = regex.compile(r"\w+|\s+(?![\p{M}\u200d])|\p{Regional_Indicator}{2}|\X")


def render_content(content: str) -> SafeString:
    """`content` as HTML: paragraphs, line breaks and links, everything else escaped."""
    paragraphs = _PARAGRAPH.split(content.strip("\n"))
    return mark_safe("".join(f"<p>{_with_links(paragraph)}</p>" for paragraph in paragraphs))


def _with_links(text: str) -> str:
    pieces: list[str] = []
    position = 0
    for match in _ADDRESS.finditer(text):
        address = _without_punctuation(match.group())
        if address.endswith("://"):
            continue  # a scheme alone
        pieces.append(escape(text[position : match.start()]))
        # nofollow, noopener, noreferrer: the other site must not learn the address of this page.
        pieces.append(
            f'<a href="{escape(address)}" rel="nofollow noopener noreferrer">{escape(address)}</a>'
        )
        position = match.start() + len(address)
    pieces.append(escape(text[position:]))
    return "".join(pieces).replace("\n", "<br>")


def _without_punctuation(address: str) -> str:
    """`address` without the signs of the sentence around it, as in "(see http://a.b/c)."."""
    surplus = address.count(")") - address.count("(")
    while address:
        if address[-1] in _ENDS_SENTENCE:
            address = address[:-1]
        elif address[-1] == ")" and surplus > 0:
            address = address[:-1]
            surplus -= 1
        else:
            break
    return address


def excerpt(content: str, length: int = 120) -> str:
    """The beginning of `content` on one line, at most `length` code points, not escaped."""
    beginning = cut(content, length * 4)
    line = " ".join(beginning.split())
    if len(line) <= length and not content[len(beginning) :].strip():
        return line
    return cut(line, length - 1).rstrip() + "…"


def render_difference(old: str, new: str) -> SafeString:
    """The changes from `old` to `new`, word by word, as HTML with `ins` and `del`."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) > DIFFERENCE_WORDS or len(after) > DIFFERENCE_WORDS:
        return mark_safe(_marked("del", old) + " " + _marked("ins", new))
    pieces = []
    for kind, removed, added in _changes(before, after):
        if kind == "equal":
            pieces.append(_escaped(added))
        else:
            pieces += [
                _marked("del", removed),
                " " if removed and added else "",
                _marked("ins", added),
            ]
    return mark_safe("".join(pieces))


def _changes(before: list[str], after: list[str]) -> list[tuple[str, str, str]]:
    """`(kind, removed, added)` in reading order; `kind` is "equal" or "change".

    Changes that only blank space separates become one: one replaced phrase reads better than
    five replaced words.
    """
    changes: list[tuple[str, str, str]] = []
    for code in Indel.opcodes(before, after):
        removed = "".join(before[code.src_start : code.src_end])
        added = "".join(after[code.dest_start : code.dest_end])
        if code.tag == "equal":
            changes.append(("equal", removed, added))
        elif changes and changes[-1][0] == "change":
            changes[-1] = ("change", changes[-1][1] + removed, changes[-1][2] + added)
        else:
            changes.append(("change", removed, added))
    return _join_changes(changes)


def _join_changes(changes: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    joined: list[tuple[str, str, str]] = []
    for position, (kind, removed, added) in enumerate(changes):
        between_changes = 0 < position < len(changes) - 1
        joins = kind == "change" or (between_changes and added.isspace() and "\n" not in added)
        if joins and joined and joined[-1][0] == "change":
            joined[-1] = ("change", joined[-1][1] + removed, joined[-1][2] + added)
        else:
            joined.append((kind, removed, added))
    return joined


def _marked(tag: str, text: str) -> str:
    return f"<{tag}>{_escaped(text)}</{tag}>" if text else ""


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def as_rendered(html: str) -> SafeString:
    """`html` as safe HTML. Only for what `render_content` made, read from the database."""
    return mark_safe(html)
