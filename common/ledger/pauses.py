"""Which routes are paused and why; the name `mixpanel` stands for the writes of all routes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from common.ledger.lanes import INVITATIONS

if TYPE_CHECKING:
    from redis import Redis

MIXPANEL = "mixpanel"
PAUSED = "paused"


@dataclass(frozen=True)
class Pause:
    """Why and since when (Unix seconds) nothing is sent."""

    reason: str
    since: float


class Pauses:
    """The pauses, in Redis for the whole fleet; they last until somebody resumes."""

    def __init__(self, redis: Redis) -> None:
        """Use the ledger's Redis."""
        self._redis = redis
        self._key = INVITATIONS.key(PAUSED)

    def pause(self, name: str, reason: str) -> bool:
        """Stop a route; the first reason stays. Returns whether it was running."""
        value = orjson.dumps({"reason": reason, "since": time.time()})
        return bool(self._redis.hsetnx(self._key, name, value))

    def resume(self, name: str) -> bool:
        """Let a route go on; returns whether it was paused."""
        return bool(self._redis.hdel(self._key, name))

    def get(self, name: str) -> Pause | None:
        """Return a route's pause, None while it runs."""
        raw = self._redis.hget(self._key, name)
        return Pause(**orjson.loads(raw)) if raw else None

    def all(self) -> dict[str, Pause]:
        """Return every pause by name."""
        return {
            str(name, "utf-8") if isinstance(name, bytes) else name: Pause(**orjson.loads(raw))
            for name, raw in self._redis.hgetall(self._key).items()
        }
