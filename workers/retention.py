"""Retention: what has served its purpose is forgotten.

A started invitation is never forgotten, since it is what keeps a person from being asked twice;
but address and name go as soon as its result is in, and everything else when none will come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from common.ledger import INBOX, WRITES, Ledger
from common.ledger.lanes import DELIVERIES, INVITATIONS

if TYPE_CHECKING:
    from workers.bridge import Bridge
    from workers.identify import Respondent

log = structlog.get_logger(__name__)
MS_A_DAY = 86_400_000


def forget_details(ledger: Ledger, respondent: Respondent) -> None:
    """Keep of a respondent only what names them in Mixpanel; their result is on its way."""
    if respondent.key and respondent.person is not None:
        kept = replace(respondent.person, distinct_id=respondent.distinct_id, email="", name="")
        ledger.shrink(respondent.key, kept.encode())


def purge(bridge: Bridge) -> int:
    """Forget a few of the entries whose time is over; returns how many were looked at."""
    settings, now_ms = bridge.config.settings, bridge.ledger.now_ms()
    looked_at = 0
    for lane in (INBOX, WRITES, INVITATIONS, DELIVERIES):
        done_before = round(now_ms - settings.keep_done_days.of(lane.name) * MS_A_DAY)
        dead_before = round(now_ms - settings.keep_dead_days.of(lane.name) * MS_A_DAY)
        if lane == INVITATIONS:
            looked_at += bridge.ledger.shrink_done(min(done_before, _awaited_from(bridge, now_ms)))
        else:
            looked_at += bridge.ledger.purge(lane, "done", done_before)
        looked_at += bridge.ledger.purge(lane, "cancelled", done_before)
        looked_at += bridge.ledger.purge(lane, "dead", dead_before)
    if looked_at:
        log.info("purged", entries=looked_at)
    return looked_at


def _awaited_from(bridge: Bridge, now_ms: int) -> int:
    """Return since when a start may still get its result, which needs the person's details."""
    longest = max((route.interview_timeout_days for route in bridge.config.routes), default=0)
    return round(now_ms - longest * MS_A_DAY)
