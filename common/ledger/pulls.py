"""Pulls: where the fetching of each cohort stands, so that it goes on after a kill.

A pull is a cursor in Redis: the export's session, the next page, and when to ask for it. Whoever
works on it stores a page in the inbox first and moves the cursor afterwards; a page that is fetched
twice has the same key and is stored once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from common.ledger import Ledger

RUNNING, DONE, FAILED = "running", "done", "failed"
HOUR_MS = 3_600_000
_PULLS, _SLOTS, _QUERIES = (f"bridge:{{pulls}}:{part}" for part in ("state", "slots", "queries"))
# KEYS: state, slots. ARGV: route, state of a new pull, slot or ''. Once a slot, and one at a time.
_START = """
if ARGV[3] ~= '' then
  if tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0') >= tonumber(ARGV[3]) then return 0 end
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
end
local now = redis.call('HGET', KEYS[1], ARGV[1])
if now and cjson.decode(now).state == 'running' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


@dataclass(frozen=True)
class Pull:
    """A pull of one route; times are Unix ms, `page` counts from 0 and is the next to fetch."""

    route: str
    state: str = RUNNING
    started_at_ms: int = 0
    due_at_ms: int = 0
    cohort_id: str = ""
    session_id: str = ""
    page: int = 0
    total_pages: int = 1
    members: int = 0
    failures: int = 0
    error: str = ""


class Pulls:
    """All pulls, in the ledger's Redis and by its clock."""

    def __init__(self, ledger: Ledger) -> None:
        """Use the ledger's connection and clock."""
        self._redis: Any = ledger.redis
        self._now = ledger.now_ms
        self._start = ledger.redis.register_script(_START)

    def start(self, route: str, slot_ms: int | None = None) -> bool:
        """Begin a pull; False if one is running, or if the slot was taken already."""
        now_ms = self._now()
        fresh = Pull(route, started_at_ms=now_ms, due_at_ms=now_ms)
        args = [route, orjson.dumps(asdict(fresh)), "" if slot_ms is None else slot_ms]
        return bool(self._start(keys=[_PULLS, _SLOTS], args=args))

    def note_slot(self, route: str, slot_ms: int) -> bool:
        """Note where a schedule that is new begins; False if the route had one already."""
        return bool(self._redis.hsetnx(_SLOTS, route, slot_ms))

    def slots(self) -> dict[str, int]:
        """Return the newest slot taken, by route."""
        return {name.decode(): int(at) for name, at in self._redis.hgetall(_SLOTS).items()}

    def get(self, route: str) -> Pull | None:
        """Return a route's newest pull."""
        raw = self._redis.hget(_PULLS, route)
        return _read(raw) if raw else None

    def all(self) -> dict[str, Pull]:
        """Return every route's newest pull, also of routes that are gone."""
        rows = self._redis.hgetall(_PULLS)
        return {name.decode(): _read(raw) for name, raw in rows.items()}

    def due(self) -> list[Pull]:
        """Return the running pulls whose next page may be asked for, longest due first."""
        now_ms = self._now()
        found = self.all().values()
        ready = [pull for pull in found if pull.state == RUNNING and pull.due_at_ms <= now_ms]
        return sorted(ready, key=lambda pull: pull.due_at_ms)

    def save(self, pull: Pull) -> None:
        """Move the cursor."""
        self._redis.hset(_PULLS, pull.route, orjson.dumps(asdict(pull)))

    def take_query(self, per_hour: int) -> int:
        """Note a query and return 0, or return in Unix ms when the hour has room again.

        Only whoever has the turn asks, so looking and noting need not be one step.
        """
        now_ms = self._now()
        self._redis.zremrangebyscore(_QUERIES, 0, now_ms - HOUR_MS)
        taken = self._redis.zrange(_QUERIES, -per_hour, -1, withscores=True)
        if len(taken) >= per_hour:
            return int(taken[0][1]) + HOUR_MS
        # Two in one millisecond are two.
        number = int(self._redis.incr(f"{_QUERIES}:number"))
        self._redis.zadd(_QUERIES, {str(number): now_ms})
        return 0


def _read(raw: Any) -> Pull:
    data = orjson.loads(raw)
    return Pull(**{field.name: data[field.name] for field in fields(Pull) if field.name in data})
