"""Small tags of the interface."""

from collections.abc import Iterable, Sequence

from django import template
from django.contrib.auth.models import User
from django.template.base import Parser, TextNode, Token
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chats import message_view_model
from chats.compiled_templates import Drawn, fill_all
from chats.threads.layout_steps import ContinueStep, LayoutStep, PillStep, RepliesStep
from messaging.people import display_name
from messaging.text import character_end
from messaging.words import fold, words_of

register = template.Library()


@register.tag
def icon(_parser: Parser, token: Token) -> TextNode:
    """`{% icon "reply" %}`: a symbol of the sprite; `{% icon "reply" "ico-dir" %}` adds a class.

    Written out when the template is compiled: in a loop of messages it costs nothing.
    """
    name, *classes = (word.strip("\"'") for word in token.split_contents()[1:])
    return TextNode(
        format_html(
            '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
            " ".join(["ico", *classes]),
            static("icons.svg"),
            name,
        )
    )


@register.simple_tag
def own_avatar(user: User) -> SafeString:
    """`{% own_avatar request.user %}`: the initials of the reader."""
    return message_view_model.Person.reader(user).avatar


@register.simple_tag
def draw_all(things: Iterable[Drawn]) -> SafeString:
    """`{% draw_all shell.rows %}`: each of them, by the template of its dataclass."""
    return fill_all(things)


@register.simple_tag
def draw_steps(steps: Sequence[LayoutStep], focus: bool = False) -> SafeString:
    """`{% draw_steps steps %}`: what hangs below messages, step by step. With `focus` the link or
    summary that comes first takes the focus.
    """
    if focus and steps and isinstance(steps[0], RepliesStep | PillStep | ContinueStep):
        steps[0].focus = True
    return fill_all(steps)


@register.filter
def name_of(user: User) -> str:
    """The name that others see."""
    return display_name(user)


@register.filter
def isolated(text: str) -> SafeString:
    """`text`, which somebody typed, for the middle of a sentence of ours: a mark in it that turns the
    direction of writing turns nothing else.
    """
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def current_row(rows: SafeString, conversation_pk: int) -> SafeString:
    """`rows`, as cached for every page, with one of them marked as the open one."""
    if not conversation_pk:
        return rows
    address = f'data-row="{conversation_pk}"'
    # Text of people is escaped and so has no bare quotation mark: only our own markup matches.
    return SafeString(rows.replace(address, f'{address} aria-current="page"', 1))


@register.simple_tag
def marked(text: str, part: str) -> SafeString:
    """`text`, a name, with the words of `part` marked where `people_named` finds them."""
    wanted = [word.folded for word in words_of(part)]
    pieces, done = [], 0
    for word in words_of(text):
        hit = _hit_in(text[word.start : word.end], wanted)
        if hit:
            start, end = word.start + hit[0], character_end(text, word.start + hit[1])
            pieces.append(format_html("{}<mark>{}</mark>", text[done:start], text[start:end]))
            done = end
    return format_html(
        "{}{}", format_html_join("", "{}", ((piece,) for piece in pieces)), text[done:]
    )


def _hit_in(word: str, wanted: list[str]) -> tuple[int, int] | None:
    """Where one of `wanted`, folded words, stands in `word`: start and end, or None."""
    folded = fold(word)
    for part in wanted:
        # A single letter has to begin the word.
        if not (folded.startswith(part) if len(part) == 1 else part in folded):
            continue
        # Folded, a word can be longer or shorter: "ß" is "ss".
        starts = [n for n in range(len(word)) if fold(word[n:]).startswith(part)]
        if starts:
            ends = range(starts[0] + 1, len(word) + 1)
            return starts[0], next(n for n in ends if fold(word[starts[0] : n]).startswith(part))
    return None
