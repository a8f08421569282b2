"""Safe HTML from typed text, and from the difference between two texts.

The only module that calls `mark_safe`.
"""

from html import escape

import regex
from django.utils.safestring import SafeString, mark_safe
from rapidfuzz.distance import Indel

from messaging.links import links_in
from messaging.text import cut

# Raised when `render_content` changes. `manage.py render_messages` then renders old rows again.
HTML_VERSION = 2

# Above this number of words, a difference shows the old text as removed and the new one as added.
DIFFERENCE_WORDS = 4_000

# No match ends inside a character. The two letters of a flag have an alternative of their own: \X
# would look back at all flag letters before, which takes quadratic time.
_WORD = regex.compile(r"\w+|\s+(?![\p{M}\u200d])|\p{Regional_Indicator}{2}|\X")


def render_content(content: str) -> SafeString:
    """`content` as HTML with links and line breaks; everything else is escaped.

    Show it in an element of the class `msg-body`. `message_text.css` keeps the blank space in it and
    gives each line its own direction. Markup for each line would only add bytes.
    """
    pieces: list[str] = []
    position = 0
    for link in links_in(content):
        # nofollow, noopener, noreferrer: the other site must not learn the address of this page.
        pieces += [
            _escaped(content[position : link.start]),
            f'<a href="{escape(link.target)}" rel="nofollow noopener noreferrer">',
            escape(content[link.start : link.end]),
            "</a>",
        ]
        position = link.end
    pieces.append(_escaped(content[position:]))
    return mark_safe("".join(pieces))


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
