"""Shares: how much of a key's window a route has, beside the others that use the key just now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from common.budgets import budgets
from common.ledger import invitations
from common.ledger.asking import ask
from common.ledger.lanes import INVITATIONS
from common.ledger.pauses import PAUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.ledger.ledger import Budget
    from common.routes import Route
    from workers.bridge import Bridge

# What a higher priority leaves to all lower ones together, so that nobody starves.
LEFT_TO_LOWER = 0.1


def window(bridge: Bridge, route: Route, most_in_flight: int, now_ms: int) -> int:
    """Return how many people of a route may be in flight.

    The limit serves who asks first, so equal windows make equal shares, whether a hundred
    thousand people wait on a route or ten.
    """
    key = bridge.config.api_key(route)
    others = [
        other
        for other in bridge.config.routes
        if other.name != route.name and bridge.config.api_key(other) == key
    ]
    live = _live(bridge, others, now_ms) if others else []
    return share(most_in_flight, route.priority, [other.priority for other in live])


def share(most_in_flight: int, priority: int, others: Sequence[int]) -> int:
    """Return one route's part of a window; `others` are the priorities of the rest."""
    left = most_in_flight * LEFT_TO_LOWER ** len({other for other in others if other > priority})
    if any(other < priority for other in others):
        left *= 1 - LEFT_TO_LOWER
    # Rounded first: a tenth of a tenth of 100 is a little more than 1.
    return max(1, math.ceil(round(left / (1 + others.count(priority)), 6)))


def _live(bridge: Bridge, routes: Sequence[Route], now_ms: int) -> list[Route]:
    """Return the routes that could start somebody now: due, in their hours, within their caps."""
    limits = {route.name: budgets(route, now_ms) for route in routes}
    counters = sorted({n for every in limits.values() for one in every for n in one.counters})
    lanes = [invitations(route.name) for route in routes]
    paused, used, *work = ask(
        bridge.ledger,
        [
            ("hmget", INVITATIONS.key(PAUSED), [route.name for route in routes]),
            ("hmget", INVITATIONS.key("counters"), counters or ["-"]),
            *(("exists", lane.own_key("in_flight")) for lane in lanes),
            *(("zcount", lane.own_key("pending"), "-inf", now_ms) for lane in lanes),
        ],
    )
    spent = {name: int(n or 0) for name, n in zip(counters, used, strict=False)}
    in_flight, due = work[: len(routes)], work[len(routes) :]
    return [
        route
        for route, pause, out, waiting in zip(routes, paused, in_flight, due, strict=True)
        if pause is None
        and (out or (waiting and route.hours.are_open(now_ms) and _left(limits[route.name], spent)))
    ]


def _left(limits: Sequence[Budget], spent: dict[str, int]) -> bool:
    return all(limit.left(spent) >= limit.cost for limit in limits)
