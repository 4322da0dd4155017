"""A look into the ledger's own keys, past the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis import Redis

    from common.ledger import Lane

WAITING = ("pending", "in_flight")
ENDED = ("done", "dead", "cancelled")


@dataclass(frozen=True)
class Page:
    """Everything that Redis holds of one lane; its states have one set a sub-lane."""

    entries: dict[str, bytes]
    meta: dict[str, dict[str, Any]]
    counters: dict[str, int]
    states: dict[tuple[str, str], dict[str, int]]

    def state_of(self, key: str) -> tuple[str, str]:
        """Return a key's only state and its sub-lane ('' where states are shared)."""
        [found] = [name for name, keys in self.states.items() if key in keys]
        return found

    def sizes(self) -> dict[str, int]:
        """Return how many entries each state holds, all sub-lanes together, without the empty."""
        found: dict[str, int] = {}
        for (state, _), keys in self.states.items():
            found[state] = found.get(state, 0) + len(keys)
        return {state: n for state, n in found.items() if n}


def read_lane(redis: Redis, lanes: Iterable[Lane]) -> Page:
    """Read one lane by its sub-lanes, in one round trip."""
    lanes = list(lanes)
    names = [
        *((state, lane.route, lane.own_key(state)) for lane in lanes for state in WAITING),
        *((state, "", lanes[0].key(state)) for state in ENDED),
    ]
    with redis.pipeline(transaction=False) as pipe:
        for part in ("entries", "meta", "counters"):
            pipe.hgetall(lanes[0].key(part))
        for _, _, key in names:
            pipe.zrange(key, 0, -1, withscores=True)
        entries, meta, counters, *sets = pipe.execute()
    return Page(
        {key.decode(): value for key, value in entries.items()},
        {key.decode(): orjson.loads(value) for key, value in meta.items()},
        {key.decode(): int(value) for key, value in counters.items()},
        {
            (state, route): {key.decode(): int(score) for key, score in found}
            for (state, route, _), found in zip(names, sets, strict=True)
        },
    )
