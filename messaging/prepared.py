"""Questions that every page asks, by the few numbers in which they differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet


class Prepared:
    """A queryset of rows (made by `values_list`), all but some numbers of which stays the same."""

    def __init__(self, build: Callable[..., QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._build = build

    def rows(self, *numbers: int) -> list[tuple[Any, ...]]:
        """What the queryset finds with these numbers."""
        return list(self._build(*numbers))
