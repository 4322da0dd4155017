"""Dispatch: claims what the rate limit can use in the next seconds and sends the tickets.

Runs after a payload was unpacked, after each finished ticket, and on the clock's tick. A backlog
of any size stays in the ledger; only what will be used soon is in the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.budgets import budgets
from common.ledger import invitations
from common.queues import TaskNames
from workers.limit import TICKETS_A_SECOND
from workers.shares import window

if TYPE_CHECKING:
    from common.routes import Route
    from workers.bridge import Bridge

MOST_PEOPLE_A_TICKET = 50
TICKET_SECONDS = 1.0


def dispatch(bridge: Bridge, route: Route) -> int:
    """Send tickets for one route; returns how many people they carry."""
    now_ms = bridge.clock_ms()
    if not route.hours.are_open(now_ms) or bridge.pauses.get(route.name) is not None:
        return 0
    limit = bridge.limit(route)
    breaker = bridge.breaker.look(bridge.koji_breaker(route))
    blocked_seconds, call_seconds = bridge.limiter.state(limit)
    if breaker.open or blocked_seconds > 0:
        return 0
    share = window(bridge, route, limit.most_in_flight, now_ms)
    most_in_flight = share if breaker.closed else 1
    claims, _ = bridge.ledger.claim(
        invitations(route.name),
        most=most_in_flight,
        most_in_flight=most_in_flight,
        lease_ms=bridge.leases.lease_ms,
        begins=False,
        budgets=budgets(route, now_ms),
    )
    size = people_a_ticket(limit.rate.per_second, call_seconds)
    for start in range(0, len(claims), size):
        tickets = [[claim.key, claim.token] for claim in claims[start : start + size]]
        bridge.send(TaskNames.START_INTERVIEWS, route.name, tickets)
    return len(claims)


def people_a_ticket(starts_a_second: float, call_seconds: float | None) -> int:
    """Return how many share a ticket: few where the limit is low or calls take long.

    They are called one after the other, so a ticket should be done in about a second.
    """
    by_time = TICKET_SECONDS / max(call_seconds or 0.0, 1e-3)
    most = min(MOST_PEOPLE_A_TICKET, starts_a_second / TICKETS_A_SECOND, by_time)
    return max(1, int(most))
