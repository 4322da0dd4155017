"""Several runs in one figure, and how it is written."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "-"


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median; a run that came to no figure counts as endless."""
    if not values:
        return None
    found = median(math.inf if value is None else value for value in values)
    return None if math.isinf(found) else found


def worst(values: Sequence[float | None]) -> float | None:
    """Return the greatest; None if any run came to no figure."""
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None


def write(value: float | None) -> str:
    """Write a figure with three or so significant digits."""
    if value is None:
        return NOTHING
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def span(values: Sequence[float | None]) -> str:
    """Write the least and the greatest where they differ."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    least, greatest = write(min(known)), write(max(known))
    return least if least == greatest else f"{least} to {greatest}"
