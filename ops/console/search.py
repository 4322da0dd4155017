"""Search: which dead letters match, and how many, without reading all of them into Python.

Redis looks through them itself, in short steps, so that ten thousand letters take some ms. Only
the route of payloads and results stands in what they carry; those are read.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common.ledger.dead_letters import LANES, Filters
from common.ledger.lanes import INVITATIONS, Lane

if TYPE_CHECKING:
    from ops.console.desk import Desk

# A step is a script, which nothing else in Redis runs beside: some ms.
STEP = 2000
# Beyond so many letters a lane is not looked through; then there are "more than" were counted.
MOST_LOOKED_AT = 100_000
MOST_READ = 5000
_SCRIPT = (Path(__file__).parent / "lua" / "match.lua").read_text(encoding="utf-8")


@dataclass
class Found:
    """The newest matches as (-died_at_ms, id), how many match, and whether there may be more."""

    newest: list[tuple[float, str]] = field(default_factory=list)
    total: int = 0
    more: bool = False


def search(desk: Desk, filters: Filters, wanted: int) -> Found:
    """Return the `wanted` newest ids of all lanes that are meant."""
    lanes = [lane for name, lane in LANES.items() if filters.lane in {"", name}]
    found = [_in_lane(desk, lane, filters, wanted) for lane in lanes]
    newest = list(heapq.merge(*(one.newest for one in found)))[:wanted]
    return Found(newest, sum(one.total for one in found), any(one.more for one in found))


def _in_lane(desk: Desk, lane: Lane, filters: Filters, wanted: int) -> Found:
    if filters.route and lane != INVITATIONS:
        return _read(desk, lane, filters, wanted)
    match = desk.redis.register_script(_SCRIPT)
    found, since = Found(), filters.since_ms
    if not filters.reason and not filters.route:
        found.total = int(desk.redis.zcount(lane.key("dead"), since, "+inf"))
        steps = [(0, wanted)]
    else:
        steps = [(start, STEP) for start in range(0, MOST_LOOKED_AT, STEP)]
    for start, size in steps:
        missing = wanted - len(found.newest)
        looked_at, n, *rows = match(
            keys=[lane.key("dead"), lane.key("meta")],
            args=[since, filters.reason, filters.route, start, size, missing],
        )
        pairs = zip(rows[::2], rows[1::2], strict=True)
        found.newest += [(-float(score), f"{lane.name}:{key.decode()}") for key, score in pairs]
        if size == STEP:
            found.total += n
            found.more = looked_at == STEP and start + STEP == MOST_LOOKED_AT
        if looked_at < size:
            break
    return found


def _read(desk: Desk, lane: Lane, filters: Filters, wanted: int) -> Found:
    own = Filters(lane.name, filters.reason, filters.route, filters.since_ms)
    found = Found()
    for letter in desk.dead_letters.find(own):
        found.total += 1
        if found.total <= wanted:
            found.newest.append((-letter.died_at_ms, letter.id))
        if found.total == MOST_READ:
            found.more = True
            break
    return found
