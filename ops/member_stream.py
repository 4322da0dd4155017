"""Members of a long CSV in pages: never more than one page in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops.member_files import csv_members
from ops.members import KEYS_OF_PEOPLE, make_person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from common.routes import Route

ERRORS_KEPT = 20


@dataclass
class Stream:
    """Rows as they are read; what was wrong with some of them is counted, and a few are named."""

    rows: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, line: int, why: str) -> None:
        """Count a row that names nobody; the text has nothing of the row in it."""
        self.rejected += 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append({"line": line, "error": why})

    def pages(self, file: TextIO, route: Route, size: int) -> Iterator[list[dict[str, Any]]]:
        """Yield members `size` at a time, with the columns that the route uses and no others.

        Raises BadPayloadError, which names the line, for what is no CSV of members.
        """
        page: list[dict[str, Any]] = []
        for line, member in csv_members(file, {*KEYS_OF_PEOPLE, *route.properties}):
            self.rows += 1
            person = make_person(route, member)
            if not person.email_hash and not person.id_hash:
                self.reject(line, "has neither an address nor a distinct_id")
                continue
            page.append(member)
            if len(page) == size:
                yield page
                page = []
        if page:
            yield page
