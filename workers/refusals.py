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


ROW = INVITATIONS.key("refused_in_a_row")


def note_accepted(bridge: Bridge, name: str) -> None:
    """One was accepted: the row is broken, and a next one is told anew."""
    bridge.redis.hdel(ROW, name, _told(name))


def note_refused(bridge: Bridge, name: str, partner: str, error: PermanentError) -> None:
    """One was refused for good; too many in a row pause the route, and nobody else is buried."""
    row = bridge.redis.hincrby(ROW, name, 1)
    if row < MOST_IN_A_ROW or bridge.redis.hexists(ROW, _told(name)):
        return
    bridge.redis.hdel(ROW, name)
    _pause(bridge, name, partner, error, row, "look at: python -m ops dead-letters list; then")


def refused_everything(
    bridge: Bridge, name: str, partner: str, errors: Sequence[PartnerError]
) -> bool:
    """Tell whether a whole batch was refused for good; then pause, and nobody is buried.

    That is told once: somebody who resumes without a change has decided that what is refused are
    bad records. Until one is accepted, refusals become dead letters and pause nothing.
    After enough refusals the client leaves the rest of a batch for later: they count neither way.
    """
    tried = [error for error in errors if not isinstance(error, LaterError)]
    refusals = [error for error in tried if isinstance(error, PermanentError)]
    if len(refusals) < max(MOST_IN_A_ROW, len(tried)):
        return False
    if not bridge.redis.hsetnx(ROW, _told(name), 1):
        return False
    then = (
        "nothing was given up, all of it waits: mend what is wrong (python -m ops doctor). After a "
        "resume, whatever is refused still becomes a dead letter"
    )
    _pause(bridge, name, partner, refusals[0], len(refusals), then)
    return True


def _told(name: str) -> str:
    """Return the field that says that somebody was told; no route's name has a colon."""
    return f"{name}:told"


def _pause(
    bridge: Bridge, name: str, partner: str, error: PartnerError, row: int, then: str
) -> None:
    reason = (
        f"{partner} refused {row} in a row for good ({error}); {then}: python -m ops resume {name}"
    )
    if bridge.pauses.pause(name, reason):
        log.error("route_paused", route=name, status=error.status, error=str(error))
