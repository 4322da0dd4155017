"""Payloads for the eyes of an operator: shape and our own words stay, people are masked.

What is not known to be harmless where it stands is masked, so that a property which somebody adds
later is too.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from common.ledger.lanes import INVITATIONS
from common.messages import Invitation

MASK = "***"
# By the place: which keys are ours and tell nothing about anybody.
HARMLESS: dict[str, frozenset[str]] = {
    "": frozenset(
        {
            *("v", "kind", "action", "route", "cohort_id", "session_id", "page", "total_pages"),
            *(
                "source",
                "received_at_ms",
                "completed_at_ms",
                "started_at_ms",
                "counter",
                "interview_id",
                "study_id",
            ),
            *("sentiment", "quality", "mode"),
        }
    ),
    "members": frozenset(),
    "properties": frozenset(),
    "answers": frozenset({"slug", "kind"}),
    "event": frozenset({"event"}),
    "event.properties": frozenset(
        {
            *("time", "$insert_id", "ip", "interview_id", "study_id", "cohort_id", "route"),
            *("sentiment", "quality_score", "interview_mode"),
        }
    ),
}
_EMAIL = re.compile(r"\S+@\S+")


def readable(lane: str, raw: bytes) -> Any:
    """Return a stored payload as JSON with whole words for keys; text if it cannot be read."""
    try:
        if lane == INVITATIONS.name:
            person = Invitation.decode(raw)
            names = ("distinct_id", "email", "name", "cohort_id", "properties", "route")
            return {name: getattr(person, name) for name in names}
        return orjson.loads(raw)
    except (ValueError, TypeError, AttributeError):
        return raw.decode("utf-8", "replace")


def masked(payload: Any) -> Any:
    """Return a payload with everything masked that may tell who somebody is or what they said."""
    return _object(payload, "") if isinstance(payload, dict) else _value(payload, harmless=False)


def _object(value: dict[str, Any], place: str) -> dict[str, Any]:
    return {key: _item(item, key, place) for key, item in value.items()}


def _item(value: Any, key: str, place: str) -> Any:
    inside = f"{place}.{key}" if place else key
    if inside in HARMLESS and isinstance(value, dict):
        return _object(value, inside)
    if inside in HARMLESS and isinstance(value, list):
        return [
            _object(item, inside) if isinstance(item, dict) else _value(item, harmless=False)
            for item in value
        ]
    return _value(value, harmless=key in HARMLESS[place])


def _value(value: Any, *, harmless: bool) -> Any:
    if value is None or isinstance(value, bool) or value in ("", [], {}):
        return value
    if harmless and isinstance(value, str):
        return _EMAIL.sub(MASK, value)
    return value if harmless and isinstance(value, int | float) else MASK
