"""Typed text to safe HTML, and the differences between two texts. The only `mark_safe`."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from rapidfuzz.distance import Indel

# Goes up when `render_content` changes; `manage.py render_messages` then renders old rows again.
HTML_VERSION = 1

# A difference of more words than this is shown as a whole text removed and a whole text added.
DIFFERENCE_WORDS = 4_000

# Only addresses written out in full become links: a guess ("e.g.") would send people astray.
_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_ENDS_SENTENCE = ".,:;!?"
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


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
            continue  # nothing but a scheme
        pieces.append(escape(text[position : match.start()]))
        # nofollow, noopener, noreferrer: a private page tells nobody where its reader came from.
        pieces.append(
            f'<a href="{escape(address)}" rel="nofollow noopener noreferrer">{escape(address)}</a>'
        )
        position = match.start() + len(address)
    pieces.append(escape(text[position:]))
    return "".join(pieces).replace("\n", "<br>")


def _without_punctuation(address: str) -> str:
    """`address` without what belongs to the sentence around it: "(see http://a.b/c)."."""
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
    """The beginning of `content` on one line, at most `length` characters, not escaped."""
    beginning = content[: length * 4]
    line = " ".join(beginning.split())
    if len(line) <= length and not content[len(beginning) :].strip():
        return line
    return line[: length - 1].rstrip() + "…"


def render_difference(old: str, new: str) -> SafeString:
    """What changed from `old` to `new`, word by word, as HTML with `ins` and `del`."""
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
    """`(kind, removed, added)` in reading order.

    Blank space between two changes joins them: one replaced phrase reads better than five
    replaced words.
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
    return _joined(changes)


def _joined(changes: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
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
    """`html` as `render_content` made it, read back from the column it was stored in."""
    return mark_safe(html)
