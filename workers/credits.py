"""Credits: what a result costs is billed, what lapsed is free again, old months are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.budgets import credits_billed, long_over, period
from common.ledger.lanes import INVITATIONS

if TYPE_CHECKING:
    from common.ledger import Ledger
    from common.messages import InterviewResult
    from workers.bridge import Bridge
    from workers.identify import Respondent

log = structlog.get_logger(__name__)
SWEPT = INVITATIONS.key("swept")
SWEEP_SECONDS = 3600


def settle(ledger: Ledger, respondent: Respondent, result: InterviewResult) -> None:
    """Bill a result to its month, once; one without a quality leaves its credits reserved."""
    route = respondent.route
    if route is None or not respondent.key or result.quality is None:
        return
    billed = credits_billed(route, result.quality, result.mode)
    month = period("month", result.completed_at_ms, route.timezone)
    if ledger.bill(respondent.key, billed, month):
        log.info("credits_settled", route=route.name, key=respondent.key, billed=billed)


def free_credits(bridge: Bridge) -> int:
    """Free what lapsed and return of how many; once an hour, forget counters of long ago."""
    lapsed = bridge.ledger.lapse()
    if lapsed:
        log.info("credits_lapsed", interviews=lapsed)
    if bridge.redis.set(SWEPT, "1", nx=True, ex=SWEEP_SECONDS):
        now_ms = bridge.ledger.now_ms()
        old = [name for name in bridge.ledger.counters() if long_over(name, now_ms)]
        bridge.ledger.forget_counters(old)
    return lapsed
