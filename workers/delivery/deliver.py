"""deliver: what started people are still owed goes out, each with a verdict of its own.

A delivery is marked right before it is sent, as a start is: where a worker vanished meanwhile and
the partner could not recognise a repeat, it is held as `ambiguous` rather than sent twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars

from common.errors import PartnerError
from common.ledger import DELIVERIES
from common.ledger.lanes import INVITATIONS
from common.messages import Delivery, Invitation
from common.queues import TaskNames
from common.stored import decode
from common.tracing import span
from workers.delivery.invited import tell_invited
from workers.delivery.judging import failed, note_link
from workers.delivery.parcel import Parcel
from workers.delivery.ways import KNOWS_REPEATS, Ways, breaker_name

if TYPE_CHECKING:
    from common.ledger import Begun, Claimed
    from workers.bridge import Bridge

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 20
# Four workers at a time at most: a slow mail server must not take all threads from the starts.
MOST_IN_FLIGHT = 80
MOST_ROUNDS = 50
NOT_NOW_MS = 15_000


def deliver(bridge: Bridge) -> int:
    """Deliver what is due; returns how many were delivered. Safe to run at any time."""
    delivered = 0
    for _ in range(MOST_ROUNDS):
        claims, _ = bridge.ledger.claim(
            DELIVERIES,
            most=MOST_AT_ONCE,
            most_in_flight=MOST_IN_FLIGHT,
            lease_ms=bridge.leases.lease_ms,
            begins=False,
        )
        if not claims:
            break
        ways = Ways(bridge)
        try:
            with bridge.leases.holding(DELIVERIES, [(one.key, one.token) for one in claims]):
                delivered += sum(_one(bridge, claim, ways) for claim in claims)
        finally:
            ways.close()
    return delivered


def _one(bridge: Bridge, claim: Claimed, ways: Ways) -> bool:
    """Deliver one; returns whether it went out."""
    with (
        bound_contextvars(lane=DELIVERIES.name, key=claim.key),
        span("deliver", lane=DELIVERIES.name, key=claim.key) as tell,
    ):
        begun = bridge.ledger.begin_delivery(
            claim.key, claim.token, lease_ms=bridge.leases.lease_ms
        )
        if begun is None or not begun.go:
            return False
        parcel = _open(bridge, claim, begun)
        if parcel is None or not _may_go(bridge, parcel, sent_before=begun.sent_before):
            return False
        try:
            if parcel.route.deliver != "koji":
                note_link(bridge, parcel)
                ways.send(parcel)
        except PartnerError as error:
            tell(outcome=error.outcome, status=error.status)
            failed(bridge, parcel, error)
            return False
        tell(outcome="delivered")
        _done(bridge, parcel)
        return True


def _open(bridge: Bridge, claim: Claimed, begun: Begun) -> Parcel | None:
    """Read a delivery and the person; None where it stays or ends here."""
    ledger = bridge.ledger
    try:
        delivery = _read(begun.value)
        person = Invitation.decode(ledger.value(INVITATIONS, claim.key) or b"")
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        error = type(exc).__name__
        ledger.bury(DELIVERIES, [(claim.key, claim.token, "unreadable", None, error)])
        return None
    route = bridge.config.routes.named(delivery.route)
    if ledger.is_erased(claim.key) or person == Invitation():
        _end(bridge, claim, "erased")
    elif not ledger.is_awaited(delivery.interview_id):
        _end(bridge, claim, "answered")  # the person has found the way already
    elif route is None or bridge.pauses.get(route.name) is not None:
        _put_back(bridge, claim.key, claim.token, NOT_NOW_MS)
    else:
        return Parcel(claim.key, claim.token, begun.attempts, delivery, route, person)
    return None


def _read(value: bytes) -> Delivery:
    message = decode(value)
    if not isinstance(message, Delivery):
        raise TypeError(f"a {message.KIND} does not belong into the deliveries")
    return message


def _may_go(bridge: Bridge, parcel: Parcel, *, sent_before: bool) -> bool:
    """Tell whether a parcel may be sent now; else it is put back, or held."""
    how = parcel.route.deliver
    if sent_before and not KNOWS_REPEATS[how]:
        why = "a worker vanished while the mail was out"
        bridge.ledger.bury(DELIVERIES, [(parcel.key, parcel.token, "ambiguous", None, why)])
        log.warning("delivery_held", route=parcel.route.name, reason="ambiguous")
        return False
    if how == "koji":
        return True
    state = bridge.breaker.allow(breaker_name(parcel))
    if state.open:
        _put_back(bridge, parcel.key, parcel.token, round(1000 * state.wait_seconds))
    return not state.open


def _put_back(bridge: Bridge, key: str, token: int, delay_ms: int) -> None:
    bridge.ledger.retry(DELIVERIES, [(key, token, delay_ms, False, False, None)])


def _end(bridge: Bridge, claim: Claimed, reason: str) -> None:
    """End what need not be delivered; the reason is kept, so that nobody takes it for delivered."""
    bridge.ledger.complete(
        DELIVERIES, [(claim.key, claim.token, reason.encode(), {f"undelivered:{reason}": 1})]
    )
    log.info("delivery_not_needed", reason=reason)


def _done(bridge: Bridge, parcel: Parcel) -> None:
    route = parcel.route
    # First the event, which is known by its key: a repeat of this adds nothing.
    counters = tell_invited(bridge.ledger, parcel)
    if route.deliver != "koji":
        bridge.breaker.record(breaker_name(parcel), ok=True)
        counters[f"delivered:{route.name}"] = 1
    bridge.ledger.complete(DELIVERIES, [(parcel.key, parcel.token, b"", counters)])
    if route.invited_event:
        bridge.send(TaskNames.WRITE_RESULTS)
    log.info(
        "delivered",
        route=route.name,
        deliver=route.deliver,
        interview_id=parcel.delivery.interview_id,
        attempt=parcel.attempts + 1,
    )
