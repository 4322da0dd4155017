"""Masks e-mail addresses in whatever is about to leave for a log or a report."""

from __future__ import annotations

import re
from typing import Any

_EMAIL = re.compile(r"[^\s\"'<>(){}\[\],;:=]+@[^\s\"'<>(){}\[\],;:=]+\.[^\s\"'<>(){}\[\],;:=]+")
MASK = "[email]"


def mask_emails(value: Any) -> Any:
    """Return the value with every e-mail address in it masked, at any depth."""
    if isinstance(value, str):
        return _EMAIL.sub(MASK, value) if "@" in value else value
    if isinstance(value, dict):
        return {mask_emails(key): mask_emails(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_emails(item) for item in value]
    if isinstance(value, tuple):
        return tuple(mask_emails(item) for item in value)
    if value is None or isinstance(value, (int, float)):
        return value
    told = repr(value)  # an exception, a set, bytes: a renderer would write them out so
    return _EMAIL.sub(MASK, told) if "@" in told else value
