"""Tolerant reading of JSON values: each reader returns None for what it cannot use."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

T = TypeVar("T")

TEXT_CHARS = 255
NUMBER_CHARS = 32
EXACT_INTEGERS = 2**53  # beyond, a JSON number has lost its last digits
SECONDS_BELOW = 10**11  # as seconds the year 5138, as milliseconds 1973


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def dig(place: Any, path: str) -> Any:
    """Return what stands at a dotted path, None if a step of it is no object."""
    for key in _steps(path):
        place = place.get(key) if isinstance(place, dict) else None
    return place


def first(
    places: Collection[Any], paths: Iterable[str], read: Callable[[Any], T | None]
) -> T | None:
    """Return the first usable value; an earlier path is stronger than an earlier place."""
    for path in paths:
        for place in places:
            found = dig(place, path)
            if found is not None and (value := read(found)) is not None:
                return value
    return None


def as_text(value: Any, most_chars: int = TEXT_CHARS) -> str | None:
    """Read a string without surrounding space, neither empty nor too long."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= most_chars else None


def as_id(value: Any) -> str | None:
    """Read an id that may have been written as a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_INTEGERS:
        value = int(value)
    return str(value) if isinstance(value, int) else as_text(value)


def as_number(value: Any) -> float | None:
    """Read a finite number, also from a string; whole numbers stay whole."""
    if isinstance(value, str) and len(value) <= NUMBER_CHARS:
        try:
            value = float(value)
        except ValueError:
            return None
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() and abs(value) <= EXACT_INTEGERS else value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_flag(value: Any) -> bool | None:
    """Read yes or no from a boolean, 0 or 1, or a word."""
    word = value.strip().lower() if isinstance(value, str) else value
    if word in ("true", "yes", "y", "1") or word == 1:
        return True
    if word in ("false", "no", "n", "0") or word == 0:
        return False
    return None


def as_time_ms(value: Any) -> int | None:
    """Read ISO 8601 (UTC where it has no offset) or seconds or milliseconds since 1970."""
    number = as_number(value)
    if number is not None:
        return round(number * 1000 if abs(number) < SECONDS_BELOW else number)
    text = as_text(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except ValueError:
        return None
