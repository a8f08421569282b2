"""The web and mail addresses in a text, from where to where a person sees them.

Only what is written as an address becomes one: "https://...", "www...." and "ana@example.org". A
guess ("setup.py", "e.g.") would send people astray. linkify-it-py takes the end of a sentence in
other scripts ("https://example.org/a。") into an address, and misses one right behind a letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import regex


class Link(NamedTuple):
    start: int
    end: int
    target: str  # not escaped


_MAY_HOLD_LINK = re.compile(r"://|www\.|@", re.IGNORECASE)

# What no address holds ends it: blank space, quotation marks, the brackets and the ends of
# sentences that are not ASCII, and marks that nobody sees, such as U+202E, which would show the
# rest of the address reversed. Joiners and variation selectors belong to letters and emoji. An
# apostrophe belongs to an address only inside a word: "/wiki/O'Reilly".
_RUN = regex.compile(
    r"""(?: [^ \s \p{Z} \p{Cc} \p{Cs} <>"`\\ '’
               [\p{Cf} \p{Default_Ignorable_Code_Point} -- [\u200c\u200d\ufe00-\ufe0f]]
               [\p{Pi} \p{Pf} \p{Ps} \p{Pe} \p{Terminal_Punctuation} -- [\x00-\x7f]] ]
          | ['’](?=\w) )+""",
    regex.VERSION1 | regex.VERBOSE,
)

# At most nine parts of a host behind "www.", or "日www.日www." without end would take quadratic time.
# Many write on right behind an address: "https://example.org你好". No top-level domain mixes Latin
# with another script, so the host ends there.
_TOP = r"(?: [\p{Latin}\p{Nd}_-]++ | [\w-]++ )"
_WEB = regex.compile(
    rf"""(?: https?:// (?: [\w.~%+:-]++ @ )?
             (?: \[ [\da-f:.]++ \] | (?= [^\W_] ) (?: (?: [\w-]++ \. )+ {_TOP} | [\w-]++ ) )
           | (?<! [\p{{Latin}}\p{{Nd}}@./:-] ) www\. (?: [\w-]++ \. ){{1,9}} (?= \p{{L}}{{2}} ) {_TOP} )
         (?: : \d{{1,5}} (?!\d) )?
         (?P<path> (?= [/?\#] ) )?""",
    regex.VERSION1 | regex.VERBOSE | regex.IGNORECASE,
)
# Neither "git@example.org:project" nor "@ana@example.org" is a mail address.
_MAIL = regex.compile(
    r"""(?<! [\p{Latin}\p{Nd}._+@-] )
        [\p{Latin}\p{Nd}] [\p{Latin}\p{Nd}._+-]*+ @
        (?: [\p{Latin}\p{Nd}-]++ \. )+ (?: xn--[a-z\d-]++ | \p{Latin}{2,}+ )
        (?! [\p{Latin}\p{Nd}_@-] | : [\w/~] )""",
    regex.VERSION1 | regex.VERBOSE | regex.IGNORECASE,
)
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
# These end a sentence, or mark what stands before them.
_NOT_LAST = ".,:;!?…'’*_~|"


def links_in(text: str) -> Iterator[Link]:
    """The addresses in `text`, in order. Takes time in proportion to its length."""
    if not _MAY_HOLD_LINK.search(text):
        return
    for run in _RUN.finditer(text):
        if _MAY_HOLD_LINK.search(run.group()):
            for start, end, target in _links_in_run(run.group()):
                yield Link(run.start() + start, run.start() + end, target)


def _links_in_run(run: str) -> Iterator[Link]:
    if "://" not in run:
        for mail in _MAIL.finditer(run):
            yield Link(mail.start(), mail.end(), f"mailto:{mail.group()}")
    closers = _closing_brackets(run)
    position = 0
    while web := _WEB.search(run, position):
        position = _end_of_path(run, web.end(), closers) if web["path"] is not None else web.end()
        end = web.start() + len(run[web.start() : position].rstrip(_NOT_LAST))
        # Django, too, takes https where no scheme is written.
        scheme = "" if "://" in web.group() else "https://"
        yield Link(web.start(), end, scheme + run[web.start() : end])


def _closing_brackets(run: str) -> dict[int, int]:
    """Where each bracket is closed that is opened and closed in `run`."""
    closers = {}
    opened: list[re.Match[str]] = []
    for bracket in _BRACKET.finditer(run):
        if bracket.group() in _CLOSES:
            opened.append(bracket)
        elif opened and _CLOSES[opened[-1].group()] == bracket.group():
            closers[opened.pop().start()] = bracket.start()
    return closers


def _end_of_path(run: str, position: int, closers: dict[int, int]) -> int:
    """Where the path of an address ends: before a bracket of the sentence around it."""
    while bracket := _BRACKET.search(run, position):
        if bracket.start() not in closers:
            return bracket.start()
        position = closers[bracket.start()] + 1
    return len(run)
