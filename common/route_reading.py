"""routes.toml → Routes, with every problem told in the words of the file."""

from __future__ import annotations

import difflib
import tomllib
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from common.route import Route
from common.route_delivery import with_files
from common.route_schema import RouteSchema
from common.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable


def parse_routes(text: str, folder: Path = Path()) -> tuple[Routes, list[str]]:
    """Read routes.toml; returns the routes that are right and every problem with the others.

    Files that a route names lie in `folder`.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        return Routes(()), [f"not valid TOML: {exc}"]
    problems = [
        f"unknown table or key '{key}' at the top (known: defaults, routes)"
        for key in document
        if key not in {"defaults", "routes"}
    ]
    defaults, tables = document.get("defaults", {}), document.get("routes", [])
    are_tables = isinstance(tables, list) and all(isinstance(table, dict) for table in tables)
    if not isinstance(defaults, dict) or not are_tables or not tables:
        return Routes(()), [
            *problems,
            "needs at least one [[routes]] table (see routes.example.toml)",
        ]
    routes = []
    for number, table in enumerate(tables, start=1):
        label = f"route {table.get('name') or number!r}"
        try:
            routes.append(RouteSchema().load(with_files(_merged(defaults, table), folder)))
        except ValidationError as exc:
            problems += [f"{label}: {line}" for line in _lines(exc)]
    problems += _repeated("name", (route.name for route in routes))
    problems += _repeated("cohort_id", (route.cohort_id for route in routes))
    problems += _repeated("cohort_name", (route.cohort_name for route in routes))
    return Routes(routes), problems


def _merged(defaults: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return a route's table over the defaults, key by key also in the table `names`."""
    both = [one["names"] for one in (defaults, table) if isinstance(one.get("names"), dict)]
    names = {"names": {key: value for one in both for key, value in one.items()}} if both else {}
    wrong = {"names": table["names"]} if not isinstance(table.get("names", {}), dict) else {}
    return {**defaults, **table, **names, **wrong}


def _lines(exc: ValidationError) -> list[str]:
    known = [field.name for field in fields(Route)]
    lines = []
    for key, messages in exc.normalized_messages().items():
        if messages == ["Unknown field."]:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else f" (known: {', '.join(known)})"
            lines.append(f"unknown key '{key}'{hint}")
        else:
            lines.append(f"{key}: {_flat(messages)}")
    return lines


def _flat(messages: Any) -> str:
    if isinstance(messages, dict):
        return "; ".join(_flat(value) for value in messages.values())
    return " ".join(str(message) for message in messages)


def _repeated(key: str, values: Iterable[str | None]) -> list[str]:
    counts = Counter(value for value in values if value is not None)
    return [f"{key} {value!r} stands in {n} routes" for value, n in counts.items() if n > 1]
