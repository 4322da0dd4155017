"""reconcile: asks Koji for results whose webhook never came.

Koji retries a webhook three times and then forgets it (koji.so/docs/research-automation-webhooks);
a result lost so is a credit wasted. Where an interview's id is known, `GET /interviews/:id` tells
what became of it, and its result takes the webhook's own way through the inbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from common.errors import LaterError, PartnerError, TransientError
from common.koji import inbox_key
from common.koji.payload import read_result
from common.ledger import INBOX
from common.ledger.lanes import INVITATIONS
from common.messages import Invitation
from common.queues import TaskNames
from workers.turn import turn

if TYPE_CHECKING:
    from common.routes import Route
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 5
MS_AN_HOUR = 3_600_000
NOT_FOUND = 404


def reconcile(bridge: Bridge) -> int:
    """Ask for a few interviews that are overdue; returns how many results were found.

    One worker of the fleet does so at a time, and takes only moments of the rate limit that are
    free right now: live starts come first. Safe to run at any time.
    """
    with turn(bridge.redis, "reconcile", bridge.leases.lease_ms) as mine:
        if mine is None:
            return 0
        now_ms = bridge.ledger.now_ms()
        return sum(_ask(bridge, one, now_ms) for one in overdue(bridge, MOST_AT_ONCE))


def overdue(bridge: Bridge, most: int) -> list[str]:
    """Return interviews to be asked for, no more than `most`, those that wait longest first."""
    shortest = min((route.reconcile_after_hours for route in bridge.config.routes), default=24.0)
    before_ms = round(bridge.ledger.now_ms() - shortest * MS_AN_HOUR)
    return bridge.ledger.awaiting(before_ms, most)


def _ask(bridge: Bridge, interview_id: str, now_ms: int) -> bool:
    key = bridge.ledger.find_interview(interview_id) or ""
    value = bridge.ledger.value(INVITATIONS, key)
    route = bridge.config.routes.named(Invitation.decode(value or b"").route)
    started_at_ms = bridge.ledger.started_at_ms(key) or now_ms
    if route is None or now_ms - started_at_ms > route.interview_timeout_days * 24 * MS_AN_HOUR:
        bridge.ledger.result_came(interview_id)  # nobody to ask for, or never finished
        return False
    # Due again after this route's own interval, whatever comes of this call.
    bridge.ledger.ask_again_later(interview_id, now_ms)
    if now_ms - started_at_ms < route.reconcile_after_hours * MS_AN_HOUR:
        return False
    return _read(bridge, route, interview_id, now_ms)


def _read(bridge: Bridge, route: Route, interview_id: str, now_ms: int) -> bool:
    breaker = bridge.koji_breaker(route)
    if not bridge.breaker.look(breaker).closed or bridge.pauses.get(route.name) is not None:
        return False
    if not bridge.limiter.reserve(bridge.limit(route), longest_wait_seconds=0).count:
        return False
    try:
        document = bridge.koji.read(bridge.config.api_key(route), interview_id)
    except PartnerError as error:
        bridge.breaker.record(breaker, ok=not isinstance(error, TransientError))
        refused = isinstance(error, LaterError)
        bridge.limiter.heed(bridge.limit(route), error.headers, refused=refused)
        if error.status == NOT_FOUND:
            bridge.ledger.result_came(interview_id)
        log.warning("not_reconciled", route=route.name, interview_id=interview_id, error=str(error))
        return False
    bridge.breaker.record(breaker, ok=True)
    result = read_result({"interview_id": interview_id, **document}, now_ms)
    analysed = result.quality is not None or bool(result.themes)
    log.info("reconciled", route=route.name, interview_id=interview_id, analysed=analysed)
    if not analysed:
        return False
    _, wake = bridge.ledger.add(INBOX, [(inbox_key(interview_id), result.encode())])
    bridge.ledger.result_came(interview_id)
    if wake:
        bridge.send(TaskNames.UNPACK)
    return True
