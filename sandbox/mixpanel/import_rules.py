"""What makes an event valid for `/import?strict=1`, and how a valid one is kept.

https://developer.mixpanel.com/reference/import-events and, for lengths,
https://docs.mixpanel.com/docs/data-structure/property-reference/data-type.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EARLIEST_SECONDS = 31_536_000  # 1971-01-01
LATEST_AHEAD_SECONDS = 3600
MAX_STRING_BYTES = 255
_MILLISECONDS_FROM = 100_000_000_000  # in seconds, this would be the year 5138
_MAX_MEMBERS = 255  # properties, keys of an object, items of a list: fewer than this
_MAX_DEPTH = 3
_MAX_INSERT_ID_BYTES = 36
_INSERT_ID = re.compile(r"[A-Za-z0-9-]+")
_FORBIDDEN_IDS = {
    *("00000000-0000-0000-0000-000000000000", "anon", "anonymous", "nil", "none", "null", "n/a"),
    *("na", "undefined", "unknown", "<nil>", "0", "-1", "true", "false", "[]", "{}"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an event is refused: the field as Mixpanel names it, and the message."""

    field: str
    message: str


def find_problem(event: object, now: float) -> Problem | None:
    """Return the first rule that `event` breaks at `now` (unix seconds), or None."""
    if not isinstance(event, dict):
        return Problem("", "event must be an object")
    name = event.get("event")
    if not isinstance(name, str) or not name:
        return Problem("event", "'event' is invalid: must be a non-empty string")
    properties = event.get("properties")
    if not isinstance(properties, dict):
        return Problem("properties", "'properties' is invalid: must be an object")
    return (
        _find_time_problem(properties.get("time"), now)
        or _find_distinct_id_problem(properties.get("distinct_id"))
        or _find_insert_id_problem(properties.get("$insert_id"))
        or _find_size_problem("properties", properties, 0)
    )


def to_milliseconds(time: int) -> int:
    """Return the time of an event, given in seconds or milliseconds, in milliseconds."""
    return time if time >= _MILLISECONDS_FROM else time * 1000


def keep(event: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return a valid event as it is stored: long strings cut, a time in the future set to now."""
    properties = {name: _cut(value) for name, value in event["properties"].items()}
    if to_milliseconds(properties["time"]) > now * 1000:
        properties["time"] = int(now)
    return {"event": event["event"], "properties": properties}


def _find_time_problem(time: object, now: float) -> Problem | None:
    if type(time) is not int:
        message = "'properties.time' is invalid: must be specified as seconds since epoch"
    elif to_milliseconds(time) < EARLIEST_SECONDS * 1000:
        message = "'properties.time' is invalid: must be after 1971-01-01"
    elif to_milliseconds(time) > (now + LATEST_AHEAD_SECONDS) * 1000:
        message = "'properties.time' is invalid: must not be more than 1 hour in the future"
    else:
        return None
    return Problem("properties.time", message)


def _find_distinct_id_problem(distinct_id: object) -> Problem | None:
    # An empty string is allowed: the event then has no user. Whether case matters is not said.
    if isinstance(distinct_id, str) and distinct_id.lower() not in _FORBIDDEN_IDS:
        return None
    return Problem("properties.distinct_id", "'properties.distinct_id' is invalid")


def _find_insert_id_problem(insert_id: object) -> Problem | None:
    field = "properties.$insert_id"
    if not isinstance(insert_id, str) or insert_id.lower() in _FORBIDDEN_IDS:
        return Problem(field, "'properties.$insert_id' is invalid: missing or not unique")
    if len(insert_id.encode()) > _MAX_INSERT_ID_BYTES:
        return Problem(field, "'properties.$insert_id' is invalid: longer than 36 bytes")
    if not _INSERT_ID.fullmatch(insert_id):
        return Problem(field, "'properties.$insert_id' is invalid: only A-Z, a-z, 0-9 and -")
    return None


def _find_size_problem(field: str, value: object, depth: int) -> Problem | None:
    if not isinstance(value, dict | list):
        return None
    if len(value) >= _MAX_MEMBERS:
        return Problem(field, f"'{field}' is invalid: must have fewer than 255 members")
    if isinstance(value, dict):
        if depth > _MAX_DEPTH:
            return Problem(field, f"'{field}' is invalid: nested deeper than 3 objects")
        children = [(f"{field}.{name}", child, depth + 1) for name, child in value.items()]
    else:
        children = [(field, child, depth) for child in value]
    problems = (_find_size_problem(*child) for child in children)
    return next((problem for problem in problems if problem), None)


def cut_string(text: str) -> str:
    """Return the first 255 bytes of a string, without half a character at the end."""
    if len(text) <= MAX_STRING_BYTES // 4:
        return text
    return text.encode()[:MAX_STRING_BYTES].decode(errors="ignore")


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return cut_string(value)
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return value
