"""tell_invited: the event `Koji Interview Invited` goes into the lane of writes, once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from common.ledger import WRITES
from common.messages import ResultWrite
from workers.mixpanel_limits import fit

if TYPE_CHECKING:
    from common.ledger import Ledger
    from workers.delivery.parcel import Parcel

COUNTER = "invited"


def tell_invited(ledger: Ledger, parcel: Parcel) -> dict[str, int]:
    """Add the event if the route asks for it; returns what to count. Safe to repeat."""
    if not parcel.route.invited_event:
        return {}
    if not parcel.person.distinct_id:
        return {"undelivered:event_unidentified": 1}
    delivery, route, names = parcel.delivery, parcel.route, parcel.route.names
    told = {
        names.interview_id: delivery.interview_id,
        names.study_id: route.study_id,
        names.cohort_id: parcel.person.cohort_id or route.cohort_id or "",
        names.route: route.name,
        "deliver": route.deliver,
    }
    insert_id = hashlib.sha256(f"Koji Interview Invited\0{parcel.key}".encode()).hexdigest()[:36]
    event = {
        "event": names.invited_event,
        "properties": {
            **{name: fit(value) for name, value in told.items() if value},
            "time": delivery.started_at_ms,
            "distinct_id": parcel.person.distinct_id,
            "$insert_id": insert_id,
            # Without it Mixpanel would place the person where this server stands.
            "ip": 0,
        },
    }
    write = ResultWrite(
        event=event,
        distinct_id=parcel.person.distinct_id,
        route=route.name,
        received_at_ms=delivery.started_at_ms,
        counter=COUNTER,
    )
    ledger.add(WRITES, [(f"invited.{parcel.key}", write.encode())])
    return {}
