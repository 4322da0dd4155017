"""The dead-letter breaker: when everything is refused for good, pause and ask.

A wrong deploy or a changed API would otherwise bury a whole cohort within minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.ledger.lanes import INVITATIONS

if TYPE_CHECKING:
    from common.errors import PermanentError
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_IN_A_ROW = 10


def note_accepted(bridge: Bridge, name: str) -> None:
    """One was accepted: the row is broken."""
    bridge.redis.hdel(INVITATIONS.key("refused_in_a_row"), name)


def note_refused(bridge: Bridge, name: str, partner: str, error: PermanentError) -> None:
    """One was refused for good; too many in a row pause the route, and nobody else is buried."""
    row = bridge.redis.hincrby(INVITATIONS.key("refused_in_a_row"), name, 1)
    if row < MOST_IN_A_ROW:
        return
    note_accepted(bridge, name)
    reason = (
        f"{partner} refused {row} in a row for good ({error}); look at: python -m ops dead-letters "
        f"list; then: python -m ops resume {name}"
    )
    if bridge.pauses.pause(name, reason):
        log.error("route_paused", route=name, status=error.status, error=str(error))
