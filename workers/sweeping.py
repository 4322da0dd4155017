"""sweep: takes out who waits and is missing from the newest whole copy of their cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
# About 10,000 people a tick, in commands of a few ms each.
STEPS_AT_ONCE = 100


def sweep(bridge: Bridge) -> int:
    """Take the next steps of every sweep; returns how many people leave. Safe side by side."""
    ledger = bridge.ledger
    settle_ms = round(bridge.config.settings.copy_settle_seconds * 1000)
    ledger.settle(ledger.now_ms() - settle_ms)
    cancelled = 0
    for cohort in ledger.sweeps():
        left, last = 0, False
        for _ in range(STEPS_AT_ONCE):
            n, last = ledger.sweep(cohort)
            left += n
            if last:
                break
        if left or last:
            log.info("copy_swept", route=cohort.route, left=left, finished=last)
        cancelled += left
    return cancelled
