"""Koji's participant CSV (koji.so/docs/importing-participants-csv): at most 500 rows a file.

Koji knows the columns `external_id`, `email` and `display_name`; others become intake data.
"""

from __future__ import annotations

import csv
import io
import os
import re
from typing import TYPE_CHECKING, Any

import orjson

from common.identity import normal_email

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from common.routes import Route
    from ops.members import Person

ROWS_A_FILE = 500
KOJIS_OWN = frozenset({"name", "display_name", "email", "external_id", "id"})
OWNER_ONLY = 0o600
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def is_private(route: Route, person: Person) -> bool:
    """Tell whether a person cannot be named without an address that must not leave."""
    return route.join_key == "respondent_id" and bool(normal_email(person.distinct_id))


def columns(route: Route) -> list[str]:
    """Return the header; no address leaves under `join_key = "respondent_id"`."""
    email = ["email"] if route.join_key == "email" else []
    extras = [name for name in route.properties if name.strip().lower() not in KOJIS_OWN]
    return ["external_id", *email, "display_name", *extras]


def row(route: Route, person: Person) -> dict[str, str]:
    """Return a person's row."""
    values = {
        **{name: _harmless(_text(person.member.get(name))) for name in columns(route)},
        "external_id": person.distinct_id,
        "display_name": _harmless(person.name),
    }
    if route.join_key == "email":
        return values | {"email": person.email}
    return {name: "" if _holds_email(text) else text for name, text in values.items()}


def write_files(folder: Path, route: Route, people: Sequence[Person]) -> list[tuple[Path, int]]:
    """Write the files, readable by their owner alone; raises FileExistsError before any change."""
    parts = [people[at : at + ROWS_A_FILE] for at in range(0, len(people), ROWS_A_FILE)]
    paths = [folder / f"koji-{route.name}-{number}.csv" for number in range(1, len(parts) + 1)]
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path} is there already")
    for path, part in zip(paths, parts, strict=True):
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, columns(route), lineterminator="\r\n")
        table.writeheader()
        table.writerows(row(route, person) for person in part)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.getvalue().encode("utf-8", "replace"))
    return [(path, len(part)) for path, part in zip(paths, parts, strict=True)]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()


def _harmless(text: str) -> str:
    """Keep a sheet from running a text as a formula (owasp.org, CSV Injection).

    Only for names and intake data: ids and addresses have to come back as they are.
    """
    if not text.startswith(FORMULA_STARTS) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _holds_email(text: str) -> bool:
    return any(normal_email(word.strip("<>()[]{},;:\"'")) for word in text.split())
