"""What a failed delivery means: put back, held, buried, or the route is paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.errors import LaterError, PermanentError, StopRouteError, TransientError
from common.ledger import DELIVERIES
from common.ledger.lanes import INVITATIONS
from workers.delivery.ways import KNOWS_REPEATS, PARTNER, breaker_name
from workers.refusals import MOST_IN_A_ROW
from workers.verdicts import Bury, decide

if TYPE_CHECKING:
    from common.errors import PartnerError
    from workers.bridge import Bridge
    from workers.delivery.parcel import Parcel

log = structlog.get_logger(__name__)
ROW = INVITATIONS.key("refused_in_a_row")
NO_LINK = "no_link"


def note_link(bridge: Bridge, parcel: Parcel) -> None:
    """Go on where there is a link; raises PermanentError where there is none.

    Too many in a row pause the route: to start people whom nobody can reach helps nobody.
    """
    row = f"{NO_LINK}:{parcel.route.name}"
    if parcel.delivery.link:
        bridge.redis.hdel(ROW, row)
        return
    if bridge.redis.hincrby(ROW, row, 1) >= MOST_IN_A_ROW:
        bridge.redis.hdel(ROW, row)
        name = parcel.route.name
        reason = (
            f"{MOST_IN_A_ROW} starts in a row came back without a link to deliver; set "
            f"KOJI_LINK_KEYS or another `deliver`, then: python -m ops resume {name}"
        )
        if bridge.pauses.pause(name, reason):
            log.error("route_paused", route=name, reason=NO_LINK)
    raise PermanentError("Koji's answer held no link", reason=NO_LINK)


def failed(bridge: Bridge, parcel: Parcel, error: PartnerError) -> None:
    """Give a failed delivery its verdict."""
    route, settings = parcel.route, bridge.config.settings
    name = breaker_name(parcel)
    if isinstance(error, PermanentError) and error.status is None:  # nobody was asked
        bridge.breaker.hand_back(name)
        state = bridge.breaker.look(name)
    else:
        state = bridge.breaker.record(name, ok=not isinstance(error, TransientError))
    verdict = decide(
        error,
        attempts=parcel.attempts,
        max_attempts=settings.max_attempts,
        base_seconds=settings.backoff_base_seconds,
        partner_is_down=not state.closed,
        repeat_is_safe=KNOWS_REPEATS[route.deliver],
        dice=bridge.random,
    )
    if isinstance(error, StopRouteError):
        reason = (
            f"{PARTNER[route.deliver]} answered {error}; mend it, then: "
            f"python -m ops resume {route.name}"
        )
        if bridge.pauses.pause(route.name, reason):
            log.error("route_paused", route=route.name, status=error.status, error=str(error))
    if isinstance(verdict, Bury):
        reason = verdict.reason
        bridge.ledger.bury(
            DELIVERIES, [(parcel.key, parcel.token, reason, error.status, str(error))]
        )
    else:
        reason = error.outcome
        bridge.ledger.retry(
            DELIVERIES,
            [(parcel.key, parcel.token, verdict.delay_ms, verdict.spends, verdict.sent, error)],
        )
    log.warning(
        "delivery_failed",
        route=route.name,
        deliver=route.deliver,
        attempt=parcel.attempts + 1,
        outcome=reason,
        status=error.status,
        error=str(error),
        later=isinstance(error, LaterError),
    )
