"""Caps of a route as counters in the ledger: `max_invites` and `monthly_credits`.

A start that Koji accepted counts as an invitation. Credits are reserved with the call, and billed
to the month of the result, so that no month can cost more than is allowed. Periods are those of
the route's zone; the week is ISO's.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from common.ledger.ledger import Budget

if TYPE_CHECKING:
    from common.routes import Route


CREDITS = {"text": 1, "voice": 3}
BILLED_FROM_QUALITY = 3
PERIODIC = ("invites", "credits")
KEEP_COUNTERS_MS = 62 * 86_400_000


def period(unit: str, now_ms: int, zone: tzinfo = UTC) -> str:
    """Return the name of the day, week or month that a moment (Unix ms) lies in."""
    day = datetime.fromtimestamp(now_ms / 1000, tz=zone)
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}[unit])


def budgets(route: Route, now_ms: int) -> list[Budget]:
    """Return what claims of this route must stay within."""
    limits = []
    if route.max_invites is not None:
        name = f"invites:{route.name}:{period(route.max_invites.unit, now_ms, route.timezone)}"
        cap = route.max_invites
        limits.append(Budget(name, cap.count, unit=cap.unit))
    if route.monthly_credits is not None:
        name = f"credits:{route.name}:{period('month', now_ms, route.timezone)}"
        cost, reserved = route.credits_per_interview, f"reserved:{route.name}"
        limits.append(Budget(name, route.monthly_credits, cost, reserved=reserved))
    return limits


def start_counters(route: Route, now_ms: int) -> dict[str, int]:
    """Return the counters that an accepted start raises."""
    starts = [budget.counter for budget in budgets(route, now_ms) if not budget.reserved]
    return {f"started:{route.name}": 1, **dict.fromkeys(starts, 1)}


def credits_billed(route: Route, quality: float, mode: str) -> int:
    """Return what Koji bills for an interview, by what its result says.

    1 credit for text, 3 for voice, only from a quality of 3 on
    (koji.so/docs/understanding-usage-limits).
    """
    if quality < BILLED_FROM_QUALITY:
        return 0
    return CREDITS.get(mode, route.credits_per_interview)


def long_over(counter: str, now_ms: int) -> bool:
    """Tell whether a counter belongs to a period that ended more than a month ago, in any zone."""
    kind, _, rest = counter.partition(":")
    name = rest.rpartition(":")[2]
    if kind not in PERIODIC:
        return False
    unit = "week" if "W" in name else {7: "month", 10: "day"}.get(len(name), "")
    return bool(unit) and name < period(unit, now_ms - KEEP_COUNTERS_MS)
