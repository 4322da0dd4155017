"""Filters of dead letters as they come from an address or a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from common.ledger import figures
from common.ledger.dead_letters import LANES, Filters, iso
from ops.console.paging import Page
from ops.console.search import search
from ops.parameters import Since

if TYPE_CHECKING:
    from collections.abc import Mapping

    from common.ledger.dead_letters import Letter
    from ops.console.desk import Desk

LETTERS_A_PAGE = 50
SINCE = {"": "any time", "1h": "the last hour", "1d": "the last day", "7d": "the last 7 days"}


@dataclass(frozen=True)
class Asked:
    """The filters, their words as they were written, and what is wrong with them."""

    filters: Filters
    words: dict[str, str]
    problem: str = ""

    @property
    def fixed(self) -> dict[str, str]:
        """The filters for a form: `1h` as the moment that it meant when it was read."""
        since = iso(self.filters.since_ms) if self.filters.since_ms else ""
        return {**self.words, "since": since}


def read_filters(values: Mapping[str, str]) -> Asked:
    """Read lane, reason, route and since; what cannot be read is left out and named."""
    words = {name: values.get(name, "").strip() for name in ("lane", "reason", "route", "since")}
    problem, since_ms = "", 0
    if words["lane"] not in {"", *LANES}:
        problem, words["lane"] = f"There is no lane {words['lane']!r}.", ""
    if words["since"]:
        try:
            since_ms = Since().convert(words["since"], None, None)
        except (click.BadParameter, OverflowError) as exc:
            problem, words["since"] = getattr(exc, "message", "That is too long ago."), ""
    filters = Filters(words["lane"], words["reason"], words["route"], since_ms)
    return Asked(filters, words, problem)


def read_page(desk: Desk, filters: Filters, number: int) -> tuple[list[Letter], Page]:
    """Return the letters of one page, newest first, and where in the list they stand."""
    start = (number - 1) * LETTERS_A_PAGE
    found = search(desk, filters, start + LETTERS_A_PAGE)
    letters = [desk.dead_letters.get(letter_id) for _, letter_id in found.newest[start:]]
    page = Page(number, LETTERS_A_PAGE, found.total, found.more)
    return [letter for letter in letters if letter is not None], page


def known_reasons(desk: Desk) -> list[str]:
    """Return every reason for which something ever became a dead letter."""
    return sorted(figures.reasons(desk.ledger)["dead"])


def known_routes(desk: Desk) -> list[str]:
    """Return every route of the file, and those that ever had people."""
    return sorted({route.name for route in desk.config.routes} | desk.ledger.sublanes())
