"""A sparkline: an hour as the points of two lines in one SVG, a step for each minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.console.texts import number

if TYPE_CHECKING:
    from ops.console.history import Hour

STEP, HEIGHT, MARGIN = 10, 100, 3


def sparkline(hour: Hour) -> dict[str, Any]:
    """Return the points of both lines, and what to write beside them."""
    most = max(hour.most, 1)
    sums = {
        name: round(sum(n or 0 for n in getattr(hour, name))) for name in ("invited", "written")
    }
    return {
        "invited": _points(hour.invited, most),
        "written": _points(hour.written, most),
        "most": number(round(hour.most)),
        "invited_sum": number(sums["invited"]),
        "written_sum": number(sums["written"]),
    }


def _points(row: list[float | None], most: float) -> str:
    room = HEIGHT - 2 * MARGIN
    return " ".join(
        f"{x},{HEIGHT - MARGIN - room * n / most:.1f}"
        for place, n in enumerate(row)
        if n is not None
        for x in (place * STEP, (place + 1) * STEP)
    )
