"""A CSV of members read row by row, however long it is: never more than one page in memory.

Mixpanel's own export has `$email`, `$distinct_id` and a byte order mark
(docs.mixpanel.com/docs/users/cohorts, export); spreadsheets make semicolons and tabs of commas.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from common.errors import BadPayloadError
from ops.members import KEYS_OF_PEOPLE, heading, make_person, names_people

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from common.routes import Route

DELIMITERS = ",;\t|"
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
        rows = _rows(file)
        columns = _columns(next(rows, (1, []))[1], route)
        page: list[dict[str, Any]] = []
        for line, row in rows:
            self.rows += 1
            member = {name: row[n] for n, name in columns if n < len(row) and row[n] != ""}
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


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, and the line on which it ends."""
    line = 1
    try:
        first = file.readline().removeprefix("\ufeff")
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], file), delimiter=delimiter)
        for row in reader:
            line = reader.line_num
            if any(row):
                yield line, row
    except csv.Error as exc:
        raise BadPayloadError(f"near line {line + 1}: not CSV: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise BadPayloadError(f"after line {line}: not UTF-8 text; save the file as UTF-8") from exc


def _columns(headings: Sequence[str], route: Route) -> list[tuple[int, str]]:
    """Return number and name of each column of use; raises BadPayloadError without any person."""
    names = [heading(name) for name in headings]
    if not names_people(names):
        raise BadPayloadError(
            "line 1: must name the columns, among them email (or $email) or distinct_id"
        )
    wanted = {*KEYS_OF_PEOPLE, *route.properties}
    return [(number, name) for number, name in enumerate(names) if name in wanted]
