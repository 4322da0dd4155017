"""Caps of a route as counters in the ledger: `max_invites` and `monthly_credits`.

Only a start that Koji accepted counts. Periods are those of the route's zone; the week is ISO's.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from common.ledger.ledger import Budget

if TYPE_CHECKING:
    from common.routes import Route


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
        limits.append(Budget(name, route.monthly_credits, route.credits_per_interview))
    return limits


def start_counters(route: Route, now_ms: int) -> dict[str, int]:
    """Return the counters that an accepted start raises."""
    counters = {f"started:{route.name}": 1}
    for budget in budgets(route, now_ms):
        counters[budget.counter] = budget.cost
    return counters
