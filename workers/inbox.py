"""unpack: accepted payloads become invitations or writes."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError
from structlog.contextvars import bind_contextvars, clear_contextvars

from common.errors import TransientError
from common.ledger import INBOX
from common.messages import CohortPage, InterviewResult
from common.queues import TaskNames
from common.stored import decode
from common.tracing import span
from workers import unmatched
from workers.cohorts import unpack_page
from workers.dispatch import dispatch
from workers.results import unpack_result
from workers.retention import forget_details
from workers.sweeping import sweep
from workers.trimming import trimmed
from workers.verdicts import backoff_seconds

if TYPE_CHECKING:
    from common.ledger import Claimed
    from common.messages import Message
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 20
# A bug does not go away by waiting; a few tries cover a Redis that was reloading or the like.
MOST_TRIES = 4


def unpack(bridge: Bridge) -> int:
    """Unpack what is due; returns how many payloads. Safe to run at any time, side by side."""
    claims, more = bridge.ledger.claim(INBOX, most=MOST_AT_ONCE, lease_ms=bridge.leases.lease_ms)
    if more:
        bridge.send(TaskNames.UNPACK)
    with bridge.leases.holding(INBOX, [(claim.key, claim.token) for claim in claims]):
        for claim in claims:
            try:
                _unpack_one(bridge, claim)
            except RedisError:
                raise  # nothing can be noted now; the lease brings the rest back
            except Exception as exc:  # noqa: BLE001 - a bug in one payload must not stop the others
                _failed(bridge, claim, exc)
            finally:
                clear_contextvars()
    return len(claims)


def _unpack_one(bridge: Bridge, claim: Claimed) -> None:
    message = decode(claim.value)
    # Every line about this payload, of whatever module, can be found by its request.
    bind_contextvars(trace_id=message.trace_id, lane=INBOX.name)
    with span("unpack", traces=[message.trace_id], lane=INBOX.name, key=claim.key):
        _unpack_message(bridge, claim, message)


def _unpack_message(bridge: Bridge, claim: Claimed, message: Message) -> None:
    counters: dict[str, int] = {}
    if isinstance(message, CohortPage):
        route = bridge.config.routes.named(message.route)
        if route is None:
            raise LookupError(f"route {message.route!r} is no longer in routes.toml")
        tally = unpack_page(bridge.ledger, route, message)
        counters = {f"{name}:{route.name}": n for name, n in tally.items() if ":" not in name}
        if message.action != "remove_members" and unmatched.match(bridge, message):
            bridge.send(TaskNames.WRITE_RESULTS)
        bridge.ledger.complete(INBOX, [(claim.key, claim.token, b"", counters)])
        if tally.get("copies"):
            sweep(bridge)
        dispatch(bridge, route)
    elif isinstance(message, InterviewResult):
        outcome = unpack_result(bridge.config, bridge.ledger, message)
        if unmatched.keep(bridge, message, outcome) or outcome.wake:
            bridge.send(TaskNames.WRITE_RESULTS)
        bridge.ledger.complete(INBOX, [(claim.key, claim.token, b"", outcome.counters)])
        forget_details(bridge.ledger, outcome.respondent)
    else:
        raise TypeError(f"a {message.KIND} does not belong into the inbox")


def _failed(bridge: Bridge, claim: Claimed, exc: Exception) -> None:
    """Try again a few times, then make a dead letter that names the place in our code."""
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    # The text of an exception may quote the payload, so only our own words are kept.
    own = str(exc) if isinstance(exc, LookupError) and "routes.toml" in str(exc) else ""
    place = own or f"{type(exc).__name__} in {frame.name} (line {frame.lineno})"
    log.error("unpack_failed", key=claim.key, attempt=claim.attempts + 1, error=place)
    if claim.attempts + 1 >= MOST_TRIES:
        kept = trimmed(bridge.config.routes, claim.value)
        bridge.ledger.rewrite(INBOX, claim.key, claim.value, kept)
        bridge.ledger.bury(
            INBOX, [(claim.key, claim.token, "bug" if not own else "no_route", None, place)]
        )
        return
    base = bridge.config.settings.backoff_base_seconds
    delay_ms = round(1000 * backoff_seconds(claim.attempts, base, bridge.random))
    bridge.ledger.retry(
        INBOX, [(claim.key, claim.token, delay_ms, True, False, TransientError(place))]
    )
