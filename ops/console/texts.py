"""How numbers, moments and lengths of time are written on the pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from markupsafe import Markup

from common.ledger.dead_letters import iso
from ops.handing_over import delivery
from ops.output import counted, duration

if TYPE_CHECKING:
    from flask import Flask

DASH = "\N{EN DASH}"


def number(value: float | None) -> str:
    """Return a number with separators, a dash for none."""
    return DASH if value is None else f"{value:,}"


def moment(at_ms: float | None) -> Markup:
    """Return a moment (Unix ms) to the second, in UTC, as a `time` element."""
    if at_ms is None:
        return Markup("&ndash;")
    shown = iso(at_ms).replace("T", " ").partition(".")[0]
    return Markup('<time datetime="{}">{}</time>').format(iso(at_ms), shown)


def clock(at_ms: float, now_ms: float) -> str:
    """Return when something will be, as short as can be: the time, with the day if not today."""
    at, now = (datetime.fromtimestamp(ms / 1000, tz=UTC) for ms in (at_ms, now_ms))
    return at.strftime("%H:%M" if at.date() == now.date() else "%-d %b %H:%M")


def as_json(value: Any) -> str:
    """Return indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def words(value: str) -> str:
    """Return a name of ours as words."""
    return value.replace("_", " ")


def add_filters(app: Flask) -> None:
    """Give the templates these functions."""
    for function in (number, counted, moment, duration, as_json, words, delivery):
        app.add_template_filter(function)
