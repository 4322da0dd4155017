"""When the clock last ticked: written by the workers, looked at by whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from common.ledger import Ledger

log = structlog.get_logger(__name__)

TICKED_AT = "bridge:{clock}:ticked_at"
RESUMED_AT = "bridge:{clock}:resumed_at"
# A tick is due each second; with a short lease, one that is a little late must not count as a gap.
SHORTEST_GAP_MS = 3000


def note_tick(ledger: Ledger) -> None:
    """Keep the time of a tick that went through."""
    ledger.redis.set(TICKED_AT, ledger.now_ms())


def seconds_since_tick(ledger: Ledger) -> float | None:
    """Return how long ago the last tick went through, None if there never was one."""
    ticked_at_ms = ledger.redis.get(TICKED_AT)
    return None if ticked_at_ms is None else max(0.0, (ledger.now_ms() - int(ticked_at_ms)) / 1000)


def stood_still(ledger: Ledger, lease_ms: int, now_ms: int) -> bool:
    """Tell whether leases may have run out although their holders live.

    Whatever kept the clock from ticking (Redis away, the whole machine asleep) kept holders from
    renewing, which they do three times a lease. So for one lease after a gap nothing is taken
    back; the two leases after that it is, gap or not, so that nothing is held for ever.
    """
    raw: list[Any] = ledger.redis.mget(TICKED_AT, RESUMED_AT)
    ticked_at_ms, resumed_at_ms = (None if one is None else int(one) for one in raw)
    if resumed_at_ms is not None and now_ms - resumed_at_ms < 3 * lease_ms:
        return now_ms - resumed_at_ms < lease_ms
    gap_ms = max(lease_ms // 3, SHORTEST_GAP_MS)
    if ticked_at_ms is None or now_ms - ticked_at_ms <= gap_ms:
        return False
    ledger.redis.set(RESUMED_AT, now_ms)
    log.warning("clock_stood_still", seconds=round((now_ms - ticked_at_ms) / 1000))
    return True
