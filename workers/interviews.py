"""start_interviews: a ticket's people, one by one, each with a verdict of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from common.budgets import start_counters
from common.errors import PartnerError, PermanentError, StopRouteError
from common.ledger import Accepted, invitations
from common.messages import Invitation
from common.tracing import span
from workers.clients.koji import knows_repeats
from workers.delivery.owed import owed
from workers.gate import Gate
from workers.refusals import note_refused
from workers.start_book import AWAY, StartBook
from workers.verdicts import Bury, decide

if TYPE_CHECKING:
    from common.ledger import Begun, Lane
    from common.routes import Route
    from common.tracing import Tell
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
REMOVED_ROUTE_WAIT_MS = 60_000


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
        book = StartBook(bridge.ledger, lane, route, bridge.leases)
        gate = Gate(bridge, route, book.close)  # nothing that Koji accepted may wait
        try:
            _work(bridge, route, lane, tickets, gate, book)
        finally:
            book.close()
            gate.close()


def _work(
    bridge: Bridge,
    route: Route,
    lane: Lane,
    tickets: list[tuple[str, int]],
    gate: Gate,
    book: StartBook,
) -> None:
    for number, (key, token) in enumerate(tickets):
        wait_ms = gate.wait_ms(len(tickets) - number)
        if wait_ms is None and not route.hours.are_open(bridge.clock_ms()):
            gate.unused()
            wait_ms = 0  # dispatch waits for the hours
        if wait_ms is not None:
            _put_back(bridge, lane, tickets[number:], wait_ms)
            return
        with (
            bound_contextvars(lane=lane.name, route=route.name, key=key),
            span("start_interview", lane=lane.name, route=route.name, key=key) as tell,
        ):
            try:
                begun = book.begin(key, token)
            except AWAY:
                # It may have been marked as sent; nobody was called, so nobody has to be held.
                book.close()
                _put_back(bridge, lane, tickets[number:], 0)
                return
            if begun is not None and begun.paused:
                gate.unused()
                _put_back(bridge, lane, tickets[number:], 0)
                return
            if begun is None or not begun.go:
                gate.unused()
                log.info("start_skipped", route=route.name, key=key, stale=begun is None)
                continue
            _start_one(bridge, route, lane, key, token, begun, gate, book, tell)


def _put_back(bridge: Bridge, lane: Lane, tickets: list[tuple[str, int]], delay_ms: int) -> None:
    bridge.ledger.retry(
        lane, [(key, token, delay_ms, False, False, None) for key, token in tickets]
    )


def _start_one(
    bridge: Bridge,
    route: Route,
    lane: Lane,
    key: str,
    token: int,
    begun: Begun,
    gate: Gate,
    book: StartBook,
    tell: Tell,
) -> None:
    person = Invitation.decode(begun.value)
    repeat_is_safe = knows_repeats(bridge.koji.profile, route, person)
    if begun.sent_before and not repeat_is_safe:
        gate.unused()
        bridge.ledger.bury(
            lane, [(key, token, "ambiguous", None, "a worker vanished while its call was out")]
        )
        log.warning("start_held", route=route.name, key=key, reason="ambiguous")
        return
    began_at = time.monotonic()
    try:
        started = bridge.koji.start(bridge.config.api_key(route), route, key, person)
    except PartnerError as error:
        tell(outcome=error.outcome, status=error.status)
        partner_is_down = not gate.failed(error).closed
        _failed(
            bridge,
            route,
            lane,
            (key, token, begun.attempts),
            error,
            partner_is_down=partner_is_down,
            repeat_is_safe=repeat_is_safe,
        )
        return
    tell(outcome="duplicate" if started.duplicate else "started")
    # First of all: whatever fails after this, the person is known to be started.
    book.accepted(
        Accepted(
            key,
            token,
            # Kept until the result needs it: who this was, and by which route.
            value=replace(person, route=route.name).encode(),
            interview_id=started.interview_id,
            counters=start_counters(route, bridge.clock_ms()),
            lapses_after_ms=route.interview_timeout_ms,
            delivery=owed(route, started, bridge.clock_ms()),
        ),
        attempt=begun.attempts + 1,
        duplicate=started.duplicate,
    )
    gate.accepted(started.headers, time.monotonic() - began_at)


def _failed(
    bridge: Bridge,
    route: Route,
    lane: Lane,
    claim: tuple[str, int, int],
    error: PartnerError,
    *,
    partner_is_down: bool,
    repeat_is_safe: bool,
) -> None:
    key, token, attempts = claim
    settings = bridge.config.settings
    verdict = decide(
        error,
        attempts=attempts,
        max_attempts=settings.max_attempts,
        base_seconds=settings.backoff_base_seconds,
        partner_is_down=partner_is_down,
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
        letter = (key, token, verdict.reason, error.status, str(error))
        bridge.ledger.bury(lane, [letter], sent=verdict.sent)
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
