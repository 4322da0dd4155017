"""start_interviews: a ticket's people, one by one, each with a verdict of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from common.budgets import start_counters
from common.errors import LaterError, PartnerError, PermanentError, StopRouteError, TransientError
from common.ledger import invitations
from common.messages import Invitation
from common.tracing import span
from workers.clients.koji import knows_repeats
from workers.refusals import note_refused
from workers.verdicts import Bury, decide

if TYPE_CHECKING:
    from common.ledger import Lane
    from common.routes import Route
    from common.tracing import Tell
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
REMOVED_ROUTE_WAIT_MS = 60_000
MS_A_DAY = 86_400_000


def start_interviews(bridge: Bridge, route_name: str, tickets: list[tuple[str, int]]) -> None:
    """Start the people of one ticket (key, token); safe to run twice, since tokens fence."""
    lane = invitations(route_name)
    route = bridge.config.routes.named(route_name)
    if route is None:  # taken out of routes.toml; people wait in case it comes back
        _put_back(bridge, lane, tickets, REMOVED_ROUTE_WAIT_MS)
        return
    # What waited in the queue past its lease must not use up a moment of the limit.
    ours = bridge.ledger.renew(lane, tickets, bridge.leases.lease_ms)
    tickets = [ticket for ticket, held in zip(tickets, ours, strict=True) if held]
    with bridge.leases.holding(lane, tickets):
        for number, (key, token) in enumerate(tickets):
            wait_ms = _wait_for_turn(bridge, route)
            if wait_ms is not None:
                _put_back(bridge, lane, tickets[number:], wait_ms)
                return
            with (
                bound_contextvars(lane=lane.name, route=route.name, key=key),
                span("start_interview", lane=lane.name, route=route.name, key=key) as tell,
            ):
                _start_one(bridge, route, lane, key, token, tell)


def _put_back(bridge: Bridge, lane: Lane, tickets: list[tuple[str, int]], delay_ms: int) -> None:
    bridge.ledger.retry(
        lane, [(key, token, delay_ms, False, False, None) for key, token in tickets]
    )


def _wait_for_turn(bridge: Bridge, route: Route) -> int | None:
    """Wait in place for the limit; returns ms to come back after, if it is not our turn soon."""
    wait_seconds = bridge.limiter.acquire(bridge.limit(route))
    if wait_seconds > 0:
        return round(1000 * wait_seconds)
    if bridge.pauses.get(route.name) is not None:
        return 0
    breaker = bridge.breaker.allow(bridge.koji_breaker(route))
    return round(1000 * breaker.wait_seconds) if breaker.open else None


def _start_one(bridge: Bridge, route: Route, lane: Lane, key: str, token: int, tell: Tell) -> None:
    begun = bridge.ledger.begin(
        lane,
        key,
        token,
        lease_ms=bridge.leases.lease_ms,
        cooldown_ms=round((route.cooldown_days or 0) * MS_A_DAY),
    )
    if begun is None or not begun.go:
        bridge.breaker.hand_back(bridge.koji_breaker(route))
        log.info("start_skipped", route=route.name, key=key, stale=begun is None)
        return
    person = Invitation.decode(begun.value)
    repeat_is_safe = knows_repeats(bridge.koji.profile, route, person)
    if begun.sent_before and not repeat_is_safe:
        bridge.breaker.hand_back(bridge.koji_breaker(route))
        bridge.ledger.bury(
            lane, [(key, token, "ambiguous", None, "a worker vanished while its call was out")]
        )
        log.warning("start_held", route=route.name, key=key, reason="ambiguous")
        return
    try:
        started = bridge.koji.start(bridge.config.api_key(route), route, key, person)
    except PartnerError as error:
        tell(outcome=error.outcome, status=error.status)
        _failed(
            bridge, route, lane, key, token, begun.attempts, error, repeat_is_safe=repeat_is_safe
        )
        return
    tell(outcome="duplicate" if started.duplicate else "started")
    # Kept until the result needs it: who this was, and by which route.
    value = replace(person, route=route.name).encode()
    counters = start_counters(route, bridge.clock_ms())
    interview_id = started.interview_id
    # First of all: whatever fails after this, the person is known to be started.
    held = bridge.ledger.complete_start(
        lane, key, token, value=value, interview_id=interview_id, counters=counters
    )
    if not held and interview_id:  # whoever has the entry now must not start the person again
        bridge.ledger.confirm_start(
            lane, key, value=value, interview_id=interview_id, counters=counters
        )
    bridge.breaker.record(bridge.koji_breaker(route), ok=True)
    bridge.limiter.heed(bridge.limit(route), started.headers, refused=False)
    log.info(
        "started",
        route=route.name,
        key=key,
        attempt=begun.attempts + 1,
        interview_id=interview_id,
        duplicate=started.duplicate,
        claim_held=held,
    )


def _failed(
    bridge: Bridge,
    route: Route,
    lane: Lane,
    key: str,
    token: int,
    attempts: int,
    error: PartnerError,
    *,
    repeat_is_safe: bool,
) -> None:
    down = isinstance(error, TransientError)
    breaker = bridge.breaker.record(bridge.koji_breaker(route), ok=not down)
    refused = isinstance(error, LaterError)
    bridge.limiter.heed(bridge.limit(route), error.headers, refused=refused)
    settings = bridge.config.settings
    verdict = decide(
        error,
        attempts=attempts,
        max_attempts=settings.max_attempts,
        base_seconds=settings.backoff_base_seconds,
        partner_is_down=not breaker.closed,
        repeat_is_safe=repeat_is_safe,
        dice=bridge.random,
    )
    if isinstance(error, StopRouteError):
        reason = f"Koji answered {error}; mend it, then: python -m ops resume {route.name}"
        if bridge.pauses.pause(route.name, reason):
            log.error("route_paused", route=route.name, status=error.status, error=str(error))
    if isinstance(error, PermanentError):
        note_refused(bridge, route.name, "Koji", error)
    if isinstance(verdict, Bury):
        bridge.ledger.bury(lane, [(key, token, verdict.reason, error.status, str(error))])
    else:
        bridge.ledger.retry(
            lane, [(key, token, verdict.delay_ms, verdict.spends, verdict.sent, error)]
        )
    log.warning(
        "start_failed",
        route=route.name,
        key=key,
        attempt=attempts + 1,
        outcome=verdict.reason if isinstance(verdict, Bury) else error.outcome,
        status=error.status,
        error=str(error),
        delay_ms=None if isinstance(verdict, Bury) else verdict.delay_ms,
    )
