"""The form parameters of a profile query.

https://developer.mixpanel.com/reference/engage-query. `where` and `behaviors` are refused rather
than ignored: the sandbox does not evaluate expressions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_NOT_SUPPORTED = ("where", "behaviors", "distinct_id", "distinct_ids", "data_group_id")


class QueryError(ValueError):
    """The query cannot be answered; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        """Refuse with `status`."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class EngageQuery:
    """Which page of whose profiles is asked for; pages start at 0."""

    cohort_id: str | None
    include_all_users: bool
    output_properties: frozenset[str] | None
    session_id: str
    page: int


def parse_query(form: Mapping[str, str]) -> EngageQuery:
    """Return the query of a form; raises QueryError."""
    for name in _NOT_SUPPORTED:
        if form.get(name):
            raise QueryError(400, f"{name} is not supported by the sandbox")
    page_text = form.get("page") or "0"
    session_id = form.get("session_id") or ""
    if not page_text.isdecimal():
        raise QueryError(400, "page must be a number")
    if int(page_text) and not session_id:
        raise QueryError(400, "session_id is required for a page over 0")
    return EngageQuery(
        cohort_id=_parse_cohort_id(form.get("filter_by_cohort")),
        include_all_users=form.get("include_all_users", "true").lower() != "false",
        output_properties=_parse_names(form.get("output_properties")),
        session_id=session_id,
        page=int(page_text),
    )


def _parse_cohort_id(text: str | None) -> str | None:
    if not text:
        return None
    value = _parse_json("filter_by_cohort", text)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str | int):
        raise QueryError(400, 'filter_by_cohort must be an object such as {"id": 12345}')
    return str(value["id"])


def _parse_names(text: str | None) -> frozenset[str] | None:
    if not text:
        return None
    value = _parse_json("output_properties", text)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise QueryError(400, "output_properties must be a list of names")
    return frozenset(value)


def _parse_json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise QueryError(400, f"{name} is not JSON") from exc
