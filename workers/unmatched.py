"""Results of people unidentified: kept, taken up when their cohort comes, else forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from workers.cohorts import names_on
from workers.results import unpack_result
from workers.retention import forget_details
from workers.trimming import without_free_text

if TYPE_CHECKING:
    from common.messages import CohortPage, InterviewResult
    from workers.bridge import Bridge
    from workers.results import Outcome

log = structlog.get_logger(__name__)
UNIDENTIFIED = "skipped:unidentified"
MS_A_DAY = 86_400_000


def keep(bridge: Bridge, result: InterviewResult, outcome: Outcome) -> bool:
    """Keep a result that nobody could be found for, unless UNMATCHED_DAYS is 0.

    Returns whether its person came at this very moment, and there is something to write.
    """
    days = bridge.config.settings.unmatched_days
    if not days or UNIDENTIFIED not in outcome.counters:
        return False
    forget_at_ms = round(bridge.ledger.now_ms() + days * MS_A_DAY)
    kept = without_free_text(bridge.config.routes, result)
    bridge.ledger.keep_unmatched(kept, forget_at_ms)
    return _take_up(bridge, result)


def match(bridge: Bridge, page: CohortPage) -> bool:
    """Take up the results of people on a page; True: there is something to write.

    Before anybody is dispatched, so that who was interviewed already is not asked. Safe to repeat.
    """
    found = bridge.ledger.unmatched_of(names_on(page))
    written = [_take_up(bridge, result) for result in found]
    return any(written)


def _take_up(bridge: Bridge, result: InterviewResult) -> bool:
    outcome = unpack_result(bridge.config, bridge.ledger, result)
    if UNIDENTIFIED in outcome.counters:
        return False
    # That the interview was completed was counted when it came.
    counters = {k: n for k, n in outcome.counters.items() if not k.startswith("completed")}
    bridge.ledger.forget_unmatched(result, {**counters, "matched": 1})
    forget_details(bridge.ledger, outcome.respondent)
    log.info("result_matched", interview_id=result.interview_id)
    return outcome.wake


def forget(bridge: Bridge) -> int:
    """Forget results whose time is over; returns how many."""
    over = bridge.ledger.unmatched_over(bridge.ledger.now_ms())
    for result in over:
        bridge.ledger.forget_unmatched(result)
        log.info("unmatched_forgotten", interview_id=result.interview_id)
    return len(over)
