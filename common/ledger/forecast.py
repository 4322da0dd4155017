"""How long it will take: pace, caps, and the time at which everybody is started."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from common.budgets import budgets
from common.hours import Hours
from common.ledger.asking import ask
from common.partner_keys import key_name, limit_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from common.config import Config
    from common.ledger import Ledger
    from common.routes import Route

ALWAYS = Hours(ZoneInfo("UTC"))
SECONDS = {"day": 86_400, "week": 604_800, "month": 2_629_746}  # a month on average


def paces_per_second(
    config: Config, ledger: Ledger, running: Mapping[str, int]
) -> dict[str, float]:
    """Return each route's starts a second; routes with one API key take turns."""
    routes = [route for route in config.routes if route.name in running]
    keys = {route.name: key_name(config.api_key(route)) for route in routes}
    limits = ask(ledger, [("hget", limit_key(keys[one.name]), "interval") for one in routes])
    paces = {}
    for route, interval_ms in zip(routes, limits, strict=True):
        per_second = config.rate_limit(route).per_second
        if interval_ms:  # Koji named a smaller limit
            per_second = min(per_second, 1000 / float(interval_ms))
        people = running[route.name]
        beside = [n for name, n in running.items() if keys[name] == keys[route.name]]
        paces[route.name] = per_second * people / (sum(min(n, people) for n in beside) or 1)
    return paces


def caps_of(
    route: Route, counters: Mapping[str, int], now_ms: int
) -> Iterator[tuple[int, int, str]]:
    """Yield each cap of a route: starts left in this period, starts a period, its unit."""
    for budget in budgets(route, now_ms):
        left = budget.left(counters) // budget.cost
        yield left, budget.allowed // budget.cost, budget.unit


def eta_seconds(
    people: int,
    per_second: float,
    caps: Iterable[tuple[int, int, str]],
    now_ms: int,
    hours: Hours = ALWAYS,
) -> int | None:
    """Return when everybody is started, None where a cap or the hours let nobody through."""
    if not people:
        return 0
    opens_ms = hours.next_opening_ms(now_ms)
    if opens_ms is None:
        return None
    finishes = [hours.advance(opens_ms, people / per_second)]
    for left, count, unit in caps:
        # What is left of a period that ends before the hours come is of no use.
        ends_ms = _next_ms(unit, now_ms, hours.zone)
        over = people - (left if opens_ms < ends_ms else count)
        if over > 0 and not count:
            return None
        if over > 0:
            periods = math.ceil(over / count)
            begins = _next_ms(unit, opens_ms, hours.zone) + (periods - 1) * 1000 * SECONDS[unit]
            in_the_last = over - count * (periods - 1)
            finishes.append(hours.advance(begins, in_the_last / per_second))
    return math.ceil((max(one for one in finishes if one is not None) - now_ms) / 1000)


def _next_ms(unit: str, now_ms: int, zone: tzinfo) -> int:
    """Return when the next day, week or month begins (Unix ms)."""
    now = datetime.fromtimestamp(now_ms / 1000, tz=zone)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        begins = day + timedelta(days=1)
    elif unit == "week":
        begins = day + timedelta(days=7 - day.weekday())
    else:
        begins = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return round(1000 * begins.timestamp())
