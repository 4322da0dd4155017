"""The limit of one Koji API key, kept by the whole fleet, taken right before the call.

GCRA in Lua on the clock of Redis. The pace is a hair under the partner's limit, so that calls
which are delayed on their way never crowd a sliding window. A 429, a smaller `X-RateLimit-Limit`
or an unexplained `X-RateLimit-Remaining: 0` slows all workers at their next call; afterwards the
pace grows back to the configured limit within two windows.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.partner_keys import waited_key
from workers.clients.http import wait_seconds
from workers.limit import SHARE_OF_LIMIT
from workers.waiting_lines import WaitingLines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis import Redis

    from workers.limit import Limit

LONGEST_WAIT_SECONDS = 10.0
_FOLDER = Path(__file__).parent / "lua"


@dataclass(frozen=True)
class Reserved:
    """Moments that are ours: the first in `wait_seconds`, each `interval_seconds` after the last.

    With a `count` of 0 nothing was taken, and `wait_seconds` says how far the next moment is away.
    """

    count: int
    wait_seconds: float
    interval_seconds: float
    epoch: int


class RateLimiter:
    """Hands out moments for calls."""

    def __init__(
        self,
        redis: Redis,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Register the scripts; nothing is sent before the first call."""
        self._redis = redis
        self.sleep = sleep
        self.clock = clock
        self._acquire = redis.register_script((_FOLDER / "acquire.lua").read_text())
        self._slow_down = redis.register_script((_FOLDER / "slow_down.lua").read_text())
        self._smaller: dict[str, bool] = {}
        self._call_seconds: dict[str, float] = {}
        self._heard: dict[str, tuple[int, float]] = {}
        self.lines = WaitingLines()

    def reserve(
        self, limit: Limit, most: int = 1, longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    ) -> Reserved:
        """Take the next free moments, no later than `longest_wait_seconds` from now."""
        call_seconds = self.call_seconds(limit)
        count, wait_us, epoch, interval_us = self._acquire(
            keys=[limit.key, waited_key(limit.name)],
            args=[
                limit.interval_ms,
                limit.window_ms,
                longest_wait_seconds * 1000,
                most,
                "" if call_seconds is None else round(call_seconds * 1000, 1),
            ],
        )
        self._heard[limit.name] = (epoch, self.clock())
        return Reserved(count, wait_us / 1e6, interval_us / 1e6, epoch)

    def epoch(self, limit: Limit) -> int:
        """Return what changes whenever moments that were handed out become void."""
        epoch = int(self._redis.hget(limit.key, "epoch") or 0)
        self._heard[limit.name] = (epoch, self.clock())
        return epoch

    def heard(self, limit: Limit, seconds: float) -> int | None:
        """Return the epoch if any thread of this process heard of it within so many seconds."""
        epoch, at = self._heard.get(limit.name, (0, -math.inf))
        return epoch if self.clock() <= at + seconds else None

    def call_seconds(self, limit: Limit) -> float | None:
        """Return how long calls under a limit take, None before the first."""
        return self._call_seconds.get(limit.name)

    def note_call(self, limit: Limit, seconds: float) -> None:
        """Take in how long a call took; the recent ones count most."""
        before = self._call_seconds.get(limit.name, seconds)
        self._call_seconds[limit.name] = before + (seconds - before) / 8

    def state(self, limit: Limit) -> tuple[float, float | None]:
        """Return for how many seconds nothing may be sent, and how long a call takes."""
        until, call_ms = self._redis.hmget(limit.key, ["blocked_until", "call_ms"])
        call_seconds = float(call_ms) / 1000 if call_ms else None
        if until is None:
            return 0.0, call_seconds
        seconds, micros = self._redis.time()
        return max(0.0, float(until) / 1000 - (seconds + micros / 1e6)), call_seconds

    def heed(self, limit: Limit, headers: Mapping[str, str], *, refused: bool) -> None:
        """Take in what an answer said about the limit; costs nothing when it said nothing new.

        `refused` says that the answer was a 429.
        """
        named = self._news(limit, headers.get("X-RateLimit-Limit", ""))
        empty = headers.get("X-RateLimit-Remaining", "").strip() == "0"
        if not (refused or named or empty):
            return
        wait_ms: int | str = ""
        wait = wait_seconds(headers, time.time()) if refused or empty else None
        if wait is not None:
            wait_ms = round(wait * 1000)
        self._slow_down(
            keys=[limit.key],
            args=[int(refused), wait_ms, named, limit.interval_ms, limit.window_ms, SHARE_OF_LIMIT],
        )
        self._heard.pop(limit.name, None)  # whoever is about to call looks again

    def _news(self, limit: Limit, named: str) -> str:
        """Return the limit that an answer named if the fleet should hear of it, else ''.

        Koji counts by the minute, so another window cannot be compared. A smaller limit is
        repeated at every call: what Redis remembers of it runs out when nothing is sent.
        """
        if limit.rate.window_seconds != 60 or not named.isdecimal() or int(named) == 0:  # noqa: PLR2004
            return ""
        was_smaller = self._smaller.get(limit.name, False)
        self._smaller[limit.name] = int(named) < limit.rate.count
        return named if was_smaller or self._smaller[limit.name] else ""
