"""tick: what has become due without anybody telling, once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.ledger import DELIVERIES, INBOX, WRITES, invitations
from common.ledger.pauses import MIXPANEL
from common.ledger.ticks import note_tick, stood_still
from common.queues import TaskNames
from workers import unmatched
from workers.credits import free_credits
from workers.dispatch import dispatch
from workers.pulls import schedule
from workers.reconcile import overdue
from workers.retention import purge
from workers.sweeping import sweep

if TYPE_CHECKING:
    from common.ledger import Lane
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)


# What is forgotten after days need not be looked for each second, unless there is much of it.
HOUSEKEEPING = "bridge:{clock}:housekeeping"
HOUSEKEEPING_MS = 10_000


def tick(bridge: Bridge) -> None:
    """Take back what lapsed, wake who has work, dispatch retries that have come due."""
    due = _due(bridge)
    if INBOX in due:
        bridge.send(TaskNames.UNPACK)
    if (
        WRITES in due
        and not bridge.breaker.look(MIXPANEL).open
        and bridge.pauses.get(MIXPANEL) is None
    ):
        bridge.send(TaskNames.WRITE_RESULTS)
    sweep(bridge)  # before anybody is dispatched who has left
    if DELIVERIES in due:
        bridge.send(TaskNames.DELIVER)
    for route in bridge.config.routes:
        if invitations(route.name) in due:
            dispatch(bridge, route)
    if overdue(bridge, most=1):
        bridge.send(TaskNames.RECONCILE)
    schedule(bridge)
    _keep_house(bridge)
    note_tick(bridge.ledger)


def _due(bridge: Bridge) -> set[Lane]:
    """Take back claims whose leases ran out; returns the lanes in which anything is due."""
    ledger = bridge.ledger
    names = ledger.sublanes() | {route.name for route in bridge.config.routes}
    lanes = [INBOX, WRITES, DELIVERIES, *(invitations(name) for name in sorted(names))]
    now_ms, firsts = ledger.now_ms(), ledger.firsts(lanes)
    due = {lane for lane, first in zip(lanes, firsts, strict=True) if first.due_at_ms <= now_ms}
    lapsed = {
        lane for lane, first in zip(lanes, firsts, strict=True) if first.leased_until_ms <= now_ms
    }
    if stood_still(ledger, bridge.leases.lease_ms, now_ms):
        return due
    for lane in lapsed:
        returned, buried = ledger.expire(lane)
        if returned or buried:
            log.warning(
                "leases_expired", lane=lane.name, route=lane.route, returned=returned, poison=buried
            )
    return due | lapsed


def _keep_house(bridge: Bridge) -> None:
    now_ms = bridge.ledger.now_ms()
    if now_ms < int(bridge.redis.get(HOUSEKEEPING) or 0):
        return
    more = purge(bridge) + unmatched.forget(bridge) + free_credits(bridge)
    bridge.redis.set(HOUSEKEEPING, now_ms if more else now_ms + HOUSEKEEPING_MS)
