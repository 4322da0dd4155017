"""Mixpanel's limits on what an event or a profile holds, and values made to keep them.

docs.mixpanel.com/reference/import-events: fewer than 255 properties an event, keys an object and
items a list, objects at most three deep. docs.mixpanel.com/docs/data-structure/property-reference/
data-type: strings are cut at 255 bytes; a list or an object on an event has at most 8 KB.
"""

from __future__ import annotations

from typing import Any

import orjson

TEXT_BYTES = 255
MOST_ITEMS = 254
MOST_PROPERTIES = 254
MOST_DEPTH = 3
NESTED_BYTES = 8000


def clip(text: str, most_bytes: int = TEXT_BYTES) -> str:
    """Return text that fits, no character cut in half."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most_bytes else raw[:most_bytes].decode("utf-8", "ignore")


def fit(value: Any) -> Any:
    """Return a property's value that Mixpanel takes, or None where it cannot be made to fit."""
    if isinstance(value, str):
        return clip(value)
    if not isinstance(value, list | dict):
        return value
    fitting = _nested(value, 1)
    if isinstance(fitting, list):
        return _beginning(fitting)
    # Half an object would be another object.
    return fitting if len(orjson.dumps(fitting)) <= NESTED_BYTES else None


def _beginning(items: list[Any]) -> list[Any]:
    """Return as many items as fit."""
    size = 2
    for number, item in enumerate(items):
        size += len(orjson.dumps(item)) + 1
        if size > NESTED_BYTES:
            return items[:number]
    return items


def _nested(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clip(value)
    if isinstance(value, list):
        return [_nested(item, depth) for item in value[:MOST_ITEMS] if _reaches(item, depth)]
    if isinstance(value, dict):
        kept = list(value.items())[:MOST_ITEMS]
        return {clip(k): _nested(v, depth + 1) for k, v in kept if _reaches(v, depth + 1)}
    return value


def _reaches(value: Any, depth: int) -> bool:
    return depth <= MOST_DEPTH or not isinstance(value, dict | list)
