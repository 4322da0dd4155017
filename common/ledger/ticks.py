"""When the clock last ticked: written by the workers, looked at by whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.ledger import Ledger

TICKED_AT = "bridge:{clock}:ticked_at"


def note_tick(ledger: Ledger) -> None:
    """Keep the time of a tick that went through."""
    ledger.redis.set(TICKED_AT, ledger.now_ms())


def seconds_since_tick(ledger: Ledger) -> float | None:
    """Return how long ago the last tick went through, None if there never was one."""
    ticked_at_ms = ledger.redis.get(TICKED_AT)
    return None if ticked_at_ms is None else max(0.0, (ledger.now_ms() - int(ticked_at_ms)) / 1000)
