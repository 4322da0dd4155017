"""Circuit breaker per partner and key, its state in Redis for the whole fleet.

While a partner is down nothing is dispatched to it and no attempt is spent, so an outage of any
length ends with a full ledger and an empty dead-letter list. One probe at a time finds out that
it is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.partner_keys import breaker_key

if TYPE_CHECKING:
    from redis import Redis

_SCRIPT = Path(__file__).parent / "lua" / "breaker.lua"


@dataclass(frozen=True)
class BreakerState:
    """`closed`, `open` (for `wait_seconds` more) or `half_open` (the caller is the probe)."""

    name: str
    wait_seconds: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether calls go as usual."""
        return self.name == "closed"

    @property
    def open(self) -> bool:
        """Whether no call may go."""
        return self.name == "open"


class Breaker:
    """All breakers, by name (`mixpanel`, `koji:<name of the key>`)."""

    def __init__(self, redis: Redis) -> None:
        """Register the script; nothing is sent before the first call."""
        self._redis = redis
        self._run = redis.register_script(_SCRIPT.read_text())

    def _call(self, name: str, what: str, times: int = 1) -> BreakerState:
        state, wait_ms, _ = self._run(keys=[breaker_key(name)], args=[what, times])
        return BreakerState(state.decode(), wait_ms / 1000)

    def allow(self, name: str) -> BreakerState:
        """Ask before a call; a caller that is told `half_open` has to report how it went."""
        return self._call(name, "allow")

    def record(self, name: str, *, ok: bool, times: int = 1) -> BreakerState:
        """Report calls: any real answer is ok, silence and 5xx are not."""
        return self._call(name, "ok" if ok else "failed", times)

    def hand_back(self, name: str) -> None:
        """Give back the probe unused, so that somebody else can be it at once."""
        self._call(name, "unused")

    def look(self, name: str) -> BreakerState:
        """Read the state without taking the probe."""
        state, probe_at = self._redis.hmget(breaker_key(name), ["state", "probe_at"])
        if state in {None, b"closed"} or probe_at is None:
            return BreakerState("closed")
        seconds, micros = self._redis.time()
        wait = float(probe_at) / 1000 - (seconds + micros / 1e6)
        return BreakerState("open" if wait > 0 else "half_open", max(wait, 0.0))
