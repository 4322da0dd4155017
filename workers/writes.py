"""write_results: what waits for Mixpanel goes out together, one batch at a time.

While one batch is under way, what arrives meanwhile collects for the next: a lone result goes at
once, a flood goes two thousand at a time, and two writes for one person never race.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import structlog

from common.errors import PartnerError, PermanentError, StopRouteError, TransientError
from common.ledger import WRITES
from common.ledger.latency import latency_counters
from common.ledger.pauses import MIXPANEL
from common.messages import ResultWrite
from common.queues import TaskNames
from common.stored import decode
from common.tracing import span
from workers.refusals import note_accepted, note_refused, refused_everything
from workers.turn import turn
from workers.verdicts import Bury, Retry, decide
from workers.write_batch import send_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.ledger import Claimed
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 2000
MOST_ROUNDS = 50
MOST_TOLD_ONE_BY_ONE = 20


def write_results(bridge: Bridge) -> int:
    """Write what is due; returns how many results reached Mixpanel. Safe to run at any time."""
    written = 0
    with turn(bridge.redis, "mixpanel", bridge.leases.lease_ms) as mine:
        if mine is None:
            return 0  # somebody is writing and will take what is here along
        for _ in range(MOST_ROUNDS):
            if not mine.renew() or bridge.pauses.get(MIXPANEL) is not None:
                break
            claims, _ = bridge.ledger.claim(
                WRITES, most=MOST_AT_ONCE, lease_ms=bridge.leases.lease_ms
            )
            if not claims:
                break
            breaker = bridge.breaker.allow(MIXPANEL)
            if breaker.open:
                delay_ms = round(1000 * breaker.wait_seconds)
                bridge.ledger.retry(
                    WRITES, [(c.key, c.token, delay_ms, False, False, None) for c in claims]
                )
                break
            with bridge.leases.holding(WRITES, [(claim.key, claim.token) for claim in claims]):
                written += _write(bridge, claims)
    # Whoever came between the last look and the end of our turn was sent away by it.
    if (
        bridge.ledger.due(WRITES)
        and bridge.breaker.look(MIXPANEL).closed
        and not bridge.pauses.get(MIXPANEL)
    ):
        bridge.send(TaskNames.WRITE_RESULTS)
    return written


def _write(bridge: Bridge, claims: Sequence[Claimed]) -> int:
    """Send one batch and give each entry its verdict; returns how many were written."""
    readable: list[tuple[Claimed, ResultWrite]] = []
    for claim in claims:
        try:
            readable.append((claim, _read(claim)))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            bridge.ledger.bury(
                WRITES, [(claim.key, claim.token, "unreadable", None, type(exc).__name__)]
            )
    messages = [message for _, message in readable]
    traces = [message.trace_id for message in messages]
    with span("write_results", traces=traces, lane=WRITES.name, results=len(messages)) as tell:
        verdicts = send_batch(bridge, messages)
        failed = [error for error in verdicts if error is not None]
        tell(failed=len(failed), status=failed[0].status if failed else None)
    all_failed = len(failed) == len(verdicts)
    down = bool(failed) and all(isinstance(error, TransientError) for error in verdicts)
    up = bridge.breaker.record(MIXPANEL, ok=not down).closed
    if all_failed and refused_everything(bridge, MIXPANEL, "Mixpanel", failed):
        bridge.ledger.retry(WRITES, [(c.key, c.token, 0, False, False, None) for c, _ in readable])
        return 0
    done, later, dead, now_ms = [], [], [], bridge.clock_ms()
    for (claim, message), error in zip(readable, verdicts, strict=True):
        if error is None:
            counter, route = message.counter, message.route
            late_ms = now_ms - message.received_at_ms
            counters = latency_counters(late_ms) if counter == "written" else {}
            counters[f"{counter}:{route}" if route else f"{counter}_without_route"] = 1
            done.append((claim.key, claim.token, b"", counters))
            continue
        verdict = _judge(bridge, claim, error, in_a_row=all_failed, partner_is_down=not up)
        if isinstance(verdict, Retry):
            later.append((claim.key, claim.token, verdict.delay_ms, verdict.spends, False, error))
        else:
            dead.append((claim.key, claim.token, verdict.reason, error.status, str(error)))
    if done:
        bridge.ledger.complete(WRITES, done)
        note_accepted(bridge, MIXPANEL)
    if later:
        bridge.ledger.retry(WRITES, later)
    if dead:
        bridge.ledger.bury(WRITES, dead)
    _tell_each(readable, verdicts)
    log.info(
        "results_written",
        lane=WRITES.name,
        written=len(done),
        retried=len(later),
        dead=len(dead),
        error=str(failed[0]) if failed else None,
        slowest_ms=max((now_ms - message.received_at_ms for _, message in readable), default=0),
    )
    return len(done)


def _tell_each(
    entries: Sequence[tuple[Claimed, ResultWrite]], verdicts: Sequence[PartnerError | None]
) -> None:
    """Log a line a result, so that one can be followed; of a large batch only while debugging."""
    level = logging.INFO if len(entries) <= MOST_TOLD_ONE_BY_ONE else logging.DEBUG
    if not logging.getLogger(__name__).isEnabledFor(level):
        return
    for (claim, message), error in zip(entries, verdicts, strict=True):
        log.log(
            level,
            "result_not_written" if error else "result_written",
            lane=WRITES.name,
            route=message.route,
            trace_id=message.trace_id,
            interview_id=claim.key,
            insert_id=message.event.get("properties", {}).get("$insert_id"),
            attempt=claim.attempts + 1,
            outcome=error.outcome if error else "done",
            status=error.status if error else None,
        )


def _read(claim: Claimed) -> ResultWrite:
    message = decode(claim.value)
    if not isinstance(message, ResultWrite):
        raise TypeError(f"a {message.KIND} does not belong into the writes")
    return message


def _judge(
    bridge: Bridge, claim: Claimed, error: PartnerError, *, in_a_row: bool, partner_is_down: bool
) -> Retry | Bury:
    if isinstance(error, StopRouteError):
        reason = f"Mixpanel answered {error}; mend it, then: python -m ops resume {MIXPANEL}"
        if bridge.pauses.pause(MIXPANEL, reason):
            log.error("writes_paused", status=error.status, error=str(error))
    elif isinstance(error, PermanentError) and in_a_row:
        note_refused(bridge, MIXPANEL, "Mixpanel", error)
    settings = bridge.config.settings
    return decide(
        error,
        attempts=claim.attempts,
        max_attempts=settings.max_attempts,
        base_seconds=settings.backoff_base_seconds,
        partner_is_down=partner_is_down,
        # Mixpanel recognises the event by its $insert_id, and a profile may be set twice.
        repeat_is_safe=True,
        dice=bridge.random,
    )
