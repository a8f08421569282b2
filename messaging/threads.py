"""Builds trees of replies from flat lists of rows, and walks them in reading order.

No function here calls itself: a chain of 5,000 replies works like a chain of five. Recursion in
Python, in templates or in `on_delete` fails at a depth between 80 and 1,000.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Row(NamedTuple):
    """A message as the tree needs it: enough to place and to count it before it is loaded."""

    pk: int
    parent_pk: int | None
    unread: bool


@dataclass(slots=True)
class Branch:
    """A message with its replies below it."""

    pk: int
    parent_pk: int | None
    unread: bool
    replies: list["Branch"] = field(default_factory=list)  # direct replies, in the order sent
    below: int = 0  # the number of replies at any depth
    unread_below: int = 0  # how many of these are unread


class Step(Enum):
    ENTER = "enter"
    LEAVE = "leave"


def grow(rows: Iterable[Row], above: Iterable[int]) -> dict[int, Branch]:
    """The trees below the messages `above`, by the ids of these messages.

    Each value is a placeholder branch for one of `above`: its `replies` are the direct replies,
    its counts cover all replies below. A row whose parent is neither a row nor in `above` is left
    out, so that a list that was cut off still makes complete trees.
    """
    tops = {pk: Branch(pk, None, unread=False) for pk in above}
    known = {row.pk: Branch(*row) for row in rows if row.pk not in tops}
    for pk in sorted(known):  # ids follow commits: replies come in the order they were sent
        branch = known[pk]
        parent = known.get(branch.parent_pk) or tops.get(branch.parent_pk)  # type: ignore[arg-type]
        if parent is not None:
            parent.replies.append(branch)
    for top in tops.values():
        for step, branch in walk(top.replies):
            if step is Step.LEAVE:
                _add_to_parent(branch, known.get(branch.parent_pk) or top)  # type: ignore[arg-type]
    return tops


def _add_to_parent(branch: Branch, parent: Branch) -> None:
    parent.below += 1 + branch.below
    parent.unread_below += branch.unread + branch.unread_below


def _direct_replies(branch: Branch) -> list[Branch]:
    return branch.replies


def walk(
    branches: Iterable[Branch], below: Callable[[Branch], list[Branch]] = _direct_replies
) -> Iterator[tuple[Step, Branch]]:
    """Each branch twice, in reading order: on entering it, and on leaving it after its replies.

    `below` returns the replies of a branch that the walk visits; by default all of them.
    """
    stack = [(Step.ENTER, branch) for branch in reversed(list(branches))]
    while stack:
        step, branch = stack.pop()
        yield step, branch
        if step is Step.ENTER:
            stack.append((Step.LEAVE, branch))
            stack.extend((Step.ENTER, reply) for reply in reversed(below(branch)))
