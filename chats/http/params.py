"""Ids that people send us: theirs to make up, so never trusted to be one."""

from collections.abc import Iterable

LARGEST_ID = 2**63 - 1


def id_or_zero(text: str | None) -> int:
    """The id that `text` spells, or 0, which no row has."""
    if text and len(text) <= 19 and text.isascii() and text.isdigit() and int(text) <= LARGEST_ID:
        return int(text)
    return 0


def ids_of(texts: Iterable[str], most: int) -> list[int]:
    """The ids among the first `most` of `texts`."""
    found = [id_or_zero(text) for text in list(texts)[:most]]
    return [pk for pk in found if pk]
