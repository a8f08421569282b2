"""Finds the web and mail addresses in a text. They begin and end where a person sees them do so.

Only "https://...", "www...." and "ana@example.org" are addresses. A guess would also make links of
texts like "setup.py" and "e.g.". linkify-it-py was tried: it adds the closing quotation mark and the
full stop of many scripts to an address ("https://example.org/a。"), and finds no address directly
after a letter or a sign ("見てhttps://example.org", "url=https://example.org").
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

# The characters below end an address: blank space, quotation marks, brackets and sentence ends
# outside of ASCII, and invisible characters. One of these, U+202E, would show the rest of the address
# in reverse. Joiners and variation selectors are allowed, because letters and emoji need them. An
# apostrophe is allowed inside a word: "/wiki/O'Reilly".
_RUN = regex.compile(
    r"""(?: [^ \s \p{Z} \p{Cc} \p{Cs} <>"`\\ '’
               [\p{Cf} \p{Default_Ignorable_Code_Point} -- [\u200c\u200d\ufe00-\ufe0f]]
               [\p{Pi} \p{Pf} \p{Ps} \p{Pe} \p{Terminal_Punctuation} -- [\x00-\x7f]] ]
          | ['’](?=\w) )+""",
    regex.VERSION1 | regex.VERBOSE,
)

# Chinese and Japanese continue directly after an address: "https://example.org你好". No top-level
# domain mixes Latin letters with those of another script, so the host ends there.
_TOP = r"(?: [\p{Latin}\p{Nd}_-]++ | [\w-]++ )"
# The limit on the parts of a "www." host prevents quadratic time for "日www.日www." and so on.
_WEB = regex.compile(
    rf"""(?: https?:// (?: [\w.~%+:-]++ @ )?
             (?: \[ [\da-f:.]++ \] | (?= [^\W_] ) (?: (?: [\w-]++ \. )+ {_TOP} | [\w-]++ ) )
           | (?<! [\p{{Latin}}\p{{Nd}}@./:-] ) www\. (?: [\w-]++ \. ){{1,9}} (?= \p{{L}}{{2}} ) {_TOP} )
         (?: : \d{{1,5}} (?!\d) )?""",
    regex.VERSION1 | regex.VERBOSE | regex.IGNORECASE,
)
# "git@example.org:project" and "@ana@example.org" are no mail addresses.
_MAIL = regex.compile(
    r"""(?<! [\p{Latin}\p{Nd}._+@-] )
        [\p{Latin}\p{Nd}] [\p{Latin}\p{Nd}._+-]*+ @
        (?: [\p{Latin}\p{Nd}-]++ \. )+ (?: xn--[a-z\d-]++ | \p{Latin}{2,}+ )
        (?! [\p{Latin}\p{Nd}_@-] | : [\w/~] )""",
    regex.VERSION1 | regex.VERBOSE | regex.IGNORECASE,
)
_BRACKET = re.compile(r"[()\[\]{}]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
# These at the end of an address belong to the sentence or to its markup.
_NOT_LAST = ".,:;!?…'’*_~|"


def links_in(text: str) -> Iterator[Link]:
    """The addresses in `text`, in order. The time grows linearly with the length of `text`."""
    if not _MAY_HOLD_LINK.search(text):
        return
    for run in _RUN.finditer(text):
        if _MAY_HOLD_LINK.search(run.group()):
            for start, end, target in _links_in_run(run.group()):
                yield Link(run.start() + start, run.start() + end, target)


def _links_in_run(run: str) -> list[Link]:
    links = list(_web_links(run))
    # "db://ana:word@a.example" has no mail address.
    if links or "://" in run:
        return links
    return [Link(*mail.span(), f"mailto:{mail.group()}") for mail in _MAIL.finditer(run)]


def _web_links(run: str) -> Iterator[Link]:
    closers = _closing_brackets(run)
    position = 0
    while web := _WEB.search(run, position):
        position = web.end()
        if run.startswith(("/", "?", "#"), position):
            position = _end_of_path(run, position, closers)
        end = web.start() + len(run[web.start() : position].rstrip(_NOT_LAST))
        # Django's `urlize` also changes to https for addresses without a scheme.
        scheme = "" if "://" in web.group() else "https://"
        yield Link(web.start(), end, scheme + run[web.start() : end])


def _closing_brackets(run: str) -> dict[int, int]:
    """The position of the closing bracket, by the position of the opening one, for each pair in
    `run`.
    """
    closers = {}
    opened: list[re.Match[str]] = []
    for bracket in _BRACKET.finditer(run):
        if bracket.group() in _CLOSES:
            opened.append(bracket)
        elif opened and _CLOSES[opened[-1].group()] == bracket.group():
            closers[opened.pop().start()] = bracket.start()
    return closers


def _end_of_path(run: str, position: int, closers: dict[int, int]) -> int:
    """The end of the path that starts at `position`: the first bracket that has no partner in the
    path, or the end of `run`.
    """
    while bracket := _BRACKET.search(run, position):
        if bracket.start() not in closers:
            return bracket.start()
        position = closers[bracket.start()] + 1
    return len(run)
