"""Files of members, as people and programs make them: CSV row by row, or JSON as a whole.

Mixpanel's own export has `$email`, `$distinct_id` and a byte order mark
(docs.mixpanel.com/docs/users/cohorts, export); spreadsheets make semicolons and tabs of commas.
"""

from __future__ import annotations

import csv
from io import BytesIO, TextIOWrapper
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from common.errors import BadPayloadError
from ops.members import heading, names_people

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from typing import TextIO

DELIMITERS = ",;\t|"
BYTE_ORDER_MARK = "\ufeff"


def read_members(file: TextIO) -> list[dict[str, Any]]:
    """Read a JSON list (or an object with `members`) or CSV; raises BadPayloadError."""
    lines, skipped = iter(file), []
    try:
        for line in lines:
            skipped.append(line)
            if line.strip(f"{BYTE_ORDER_MARK} \t\r\n"):
                break
        begun = "".join(skipped).removeprefix(BYTE_ORDER_MARK)
        if begun.lstrip().startswith(("[", "{")):
            return _members_of_json(begun + "".join(lines))
    except UnicodeDecodeError as exc:
        raise BadPayloadError("not UTF-8 text; save the file as UTF-8") from exc
    return [member for _, member in csv_members(chain(skipped, lines))]


def read_bytes(raw: bytes) -> list[dict[str, Any]]:
    """Read what somebody uploaded; raises BadPayloadError."""
    return read_members(TextIOWrapper(BytesIO(raw), "utf-8", newline=""))


def csv_members(
    lines: Iterable[str], wanted: Container[str] | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the line and the member of each row, with no other columns than those `wanted`.

    Empty cells and empty rows are left out. Raises BadPayloadError, which names the line, for what
    is no CSV of members; there is nothing of a row in its text.
    """
    rows = _rows(lines)
    line, first = next(rows, (1, []))
    names = [heading(name) for name in first]
    if not names_people(names):
        raise BadPayloadError(
            f"line {line}: must name the columns, among them email (or $email) or distinct_id"
        )
    columns = [(n, name) for n, name in enumerate(names) if wanted is None or name in wanted]
    for line, row in rows:
        yield line, {name: row[n] for n, name in columns if n < len(row) and row[n] != ""}


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, and the line on which it ends."""
    line, rest = 0, iter(lines)
    try:
        for first in rest:
            line += 1
            first = first.removeprefix(BYTE_ORDER_MARK)  # noqa: PLW2901 - the same line
            if first.strip():
                break
        else:
            return
        before, line = line - 1, line - 1
        delimiter = max(DELIMITERS, key=first.count)
        reader = csv.reader(chain([first], rest), delimiter=delimiter)
        for row in reader:
            line = before + reader.line_num
            if any(row):
                yield line, row
    except csv.Error as exc:
        raise BadPayloadError(f"near line {line + 1}: not CSV: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise BadPayloadError(f"after line {line}: not UTF-8 text; save the file as UTF-8") from exc


def _members_of_json(text: str) -> list[dict[str, Any]]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BadPayloadError(f"not JSON: {exc}") from exc
    if isinstance(document, dict):
        nested = document.get("parameters")
        document = (nested if isinstance(nested, dict) else document).get("members")
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise BadPayloadError("must be a list of objects, or an object with a list `members`")
    return document
