"""What every part of the ledger stands on: the connection, the scripts and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.ledger.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from redis import Redis


class Book:
    """One Redis connection pool (bytes, not decoded) and the ledger's scripts on it."""

    def __init__(self, redis: Redis, clock_ms: Callable[[], int] | None = None) -> None:
        """Use the clock of Redis unless a test gives another."""
        self.redis = redis
        self._clock_ms = clock_ms
        self._run = Scripts(redis)

    def _now(self) -> Any:
        return self._clock_ms() if self._clock_ms else ""

    def now_ms(self) -> int:
        """Return the ledger's time in Unix ms."""
        if self._clock_ms:
            return self._clock_ms()
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)


def each(flags: Iterable[int]) -> list[bool]:
    """Return a script's flags, one an entry, as truth."""
    return [bool(flag) for flag in flags]
