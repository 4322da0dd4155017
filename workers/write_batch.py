"""send_batch: events and profiles of a batch side by side, and one verdict a result."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import orjson

from common.errors import LaterError, PartnerError, PermanentError, StopRouteError, TransientError
from common.identity import id_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.messages import ResultWrite
    from workers.bridge import Bridge

_engage_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="engage")


def send_batch(bridge: Bridge, writes: Sequence[ResultWrite]) -> list[PartnerError | None]:
    """Send events and profiles of a batch side by side; returns a verdict for each."""
    if not writes:
        return []
    persons = {id_hash(write.distinct_id): write.distinct_id for write in writes}
    newest = bridge.ledger.profiles(list(persons))
    profiles: list[tuple[str, dict[str, Any]]] = [
        (distinct_id, orjson.loads(raw))
        for distinct_id, raw in zip(persons.values(), newest, strict=True)
        if raw is not None
    ]
    engage = _engage_pool.submit(bridge.mixpanel.set_profiles, profiles)
    events = bridge.mixpanel.import_events([write.event for write in writes])
    set_for = dict(zip((distinct_id for distinct_id, _ in profiles), engage.result(), strict=True))
    return [
        _worse(event, set_for.get(write.distinct_id))
        for write, event in zip(writes, events, strict=True)
    ]


def _worse(event: PartnerError | None, profile: PartnerError | None) -> PartnerError | None:
    """Return the failure that decides: an entry is done when both calls went well.

    What can be repeated comes first: burying can wait until nothing else stands in the way.
    """
    for kind in (StopRouteError, LaterError, TransientError, PermanentError):
        for error in (event, profile):
            if isinstance(error, kind):
                return error
    return None
