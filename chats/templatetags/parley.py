"""Small tags of the interface."""

from django import template
from django.template.base import TextNode
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join

from chats import message_view_model
from chats.compiled_templates import fill_all
from messaging.people import display_name
from messaging.text import character_end
from messaging.words import fold, words_of

register = template.Library()


@register.tag
def icon(parser, token):
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
def avatar(user, extra=""):
    """`{% avatar user %}`: the initials of a person; `extra` is a class such as "avatar-s"."""
    return message_view_model.avatar(user.pk, display_name(user), extra)


@register.simple_tag
def draw_all(things):
    """`{% draw_all around.rows %}`: each of them, by its frame."""
    return fill_all(things)


@register.simple_tag
def draw_steps(events, focus=False):
    """`{% draw_steps events %}`: what hangs below messages, step by step."""
    if focus and events:
        events[0].focus = True
    return fill_all(events)


@register.filter
def name_of(user):
    """The name that others see."""
    return display_name(user)


@register.filter
def isolated(text):
    """`text`, which somebody typed, for the middle of a sentence of ours: a mark in it that turns the
    direction of writing turns nothing else.
    """
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def current_row(rows, conversation_pk):
    """`rows`, as cached for every page, with one of them marked as the open one."""
    if not conversation_pk:
        return rows
    address = f'data-row="{conversation_pk}"'
    # Text of people is escaped and so has no bare quotation mark: only our own markup matches.
    return type(rows)(rows.replace(address, f'{address} aria-current="page"', 1))


@register.filter
def anchor(html, name):
    """`#name` if `html` has an element of that id, else an empty string."""
    return f"#{name}" if f'id="{name}"' in html else ""


@register.simple_tag
def marked(text, part):
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


def _hit_in(word, wanted):
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
