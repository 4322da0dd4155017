"""Pages of a long list, by number."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

MOST_PAGES = 100_000


@dataclass(frozen=True)
class Page:
    """Which part of a list is shown; `more` says that there are more than were counted."""

    number: int
    size: int
    total: int
    more: bool = False

    @property
    def first(self) -> int:
        """The place of the first row, from 1; 0 on an empty page."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The place of the last row."""
        return min(self.number * self.size, self.total)

    @property
    def has_next(self) -> bool:
        """Whether another page follows."""
        return self.more or self.number * self.size < self.total


def page_number() -> int:
    """Return the `page` of the address, 1 where it is none."""
    text = request.args.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() else 1
