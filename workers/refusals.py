"""The dead-letter breaker: when everything is refused for good, pause and ask.

A wrong deploy or a changed API would otherwise bury a whole cohort within minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.errors import LaterError, PermanentError
from common.ledger.lanes import INVITATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.errors import PartnerError
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_IN_A_ROW = 10


def note_accepted(bridge: Bridge, name: str) -> None:
    """One was accepted: the row is broken."""
    bridge.redis.hdel(INVITATIONS.key("refused_in_a_row"), name)


def note_refused(bridge: Bridge, name: str, partner: str, error: PermanentError) -> None:
    """One was refused for good; too many in a row pause the route, and nobody else is buried."""
    row = bridge.redis.hincrby(INVITATIONS.key("refused_in_a_row"), name, 1)
    if row >= MOST_IN_A_ROW:
        note_accepted(bridge, name)
        _pause(bridge, name, partner, error, row)


def refused_everything(
    bridge: Bridge, name: str, partner: str, errors: Sequence[PartnerError]
) -> bool:
    """Tell whether a whole batch was refused for good; then pause, and nobody is buried.

    After enough refusals the client leaves the rest of a batch for later: they count neither way.
    """
    tried = [error for error in errors if not isinstance(error, LaterError)]
    refusals = [error for error in tried if isinstance(error, PermanentError)]
    if len(refusals) < max(MOST_IN_A_ROW, len(tried)):
        return False
    _pause(bridge, name, partner, refusals[0], len(refusals))
    return True


def _pause(bridge: Bridge, name: str, partner: str, error: PartnerError, row: int) -> None:
    reason = (
        f"{partner} refused {row} in a row for good ({error}); look at: python -m ops dead-letters "
        f"list; then: python -m ops resume {name}"
    )
    if bridge.pauses.pause(name, reason):
        log.error("route_paused", route=name, status=error.status, error=str(error))
