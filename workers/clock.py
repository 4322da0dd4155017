"""tick: what has become due without anybody telling, once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.ledger import DELIVERIES, INBOX, WRITES, invitations
from common.ledger.pauses import MIXPANEL
from common.ledger.ticks import note_tick
from common.queues import TaskNames
from workers import unmatched
from workers.credits import free_credits
from workers.dispatch import dispatch
from workers.pulls import schedule
from workers.reconcile import overdue
from workers.retention import purge
from workers.sweeping import sweep

if TYPE_CHECKING:
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)


def tick(bridge: Bridge) -> None:
    """Take back what lapsed, wake who has work, dispatch retries that have come due."""
    names = bridge.ledger.sublanes() | {route.name for route in bridge.config.routes}
    for lane in (INBOX, WRITES, DELIVERIES, *(invitations(name) for name in sorted(names))):
        returned, buried = bridge.ledger.expire(lane)
        if returned or buried:
            log.warning(
                "leases_expired", lane=lane.name, route=lane.route, returned=returned, poison=buried
            )
    if bridge.ledger.due(INBOX):
        bridge.send(TaskNames.UNPACK)
    if (
        bridge.ledger.due(WRITES)
        and not bridge.breaker.look(MIXPANEL).open
        and bridge.pauses.get(MIXPANEL) is None
    ):
        bridge.send(TaskNames.WRITE_RESULTS)
    sweep(bridge)  # before anybody is dispatched who has left
    if bridge.ledger.due(DELIVERIES):
        bridge.send(TaskNames.DELIVER)
    for route in bridge.config.routes:
        dispatch(bridge, route)
    if overdue(bridge, most=1):
        bridge.send(TaskNames.RECONCILE)
    schedule(bridge)
    purge(bridge)
    unmatched.forget(bridge)
    free_credits(bridge)
    note_tick(bridge.ledger)
