"""Moments of a limit for one ticket: reserved a few at a time, taken one by one.

While calls are quick, one question to Redis serves several of them. A call may not be later than
its moment by much, or a window could hold more calls than the pace allows; so no more are reserved
than can be used in time, and what was not used in time is void.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.rate_limiter import LONGEST_WAIT_SECONDS, SHARE_OF_LIMIT, Reserved

if TYPE_CHECKING:
    from workers.rate_limiter import Limit, RateLimiter

# Of the share of a window that the pace leaves free; several workers may be late at once.
LATEST = 0.4
# A 429 of another worker is heard of within this time, or at the next call if that is later.
FRESH_SECONDS = 0.1


class Moments:
    """What one ticket holds of a limit."""

    def __init__(self, limiter: RateLimiter, limit: Limit) -> None:
        """Reserve nothing yet."""
        self._limiter = limiter
        self._limit = limit
        self._latest_seconds = limit.rate.window_seconds * (1 - SHARE_OF_LIMIT) * LATEST
        self._reserved = Reserved(0, 0.0, 0.0, 0)
        self._left = 0
        self._at = 0.0

    def take(self, wanted: int, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> float:
        """Wait in place for the next moment and take it; returns 0.

        `wanted` is how many calls are to follow. Where the moment is further away than
        `longest_wait_seconds`, nothing is taken and the wait in seconds is returned.
        """
        waited = 0.0
        while True:
            now = self._limiter.clock()
            if not self._left or now > self._at + self._latest_seconds:
                most = min(wanted, self._usable())
                found = self._limiter.reserve(self._limit, most, longest_wait_seconds - waited)
                if not found.count:
                    self._left = 0
                    return found.wait_seconds
                self._reserved, self._left = found, found.count
                self._at = now + found.wait_seconds
            wait = max(0.0, self._at - now)
            if wait:
                self._limiter.sleep(wait)
                waited += wait
            # A 429 may have come in meanwhile; then this moment is void.
            if (wait or not self._is_fresh()) and not self._still_good():
                self._left = 0
                continue
            self._left -= 1
            self._at += self._reserved.interval_seconds
            return 0.0

    def ready(self) -> bool:
        """Tell whether the next moment is here already, with nobody left to ask."""
        now = self._limiter.clock()
        in_time = self._at <= now <= self._at + self._latest_seconds
        return self._left > 0 and in_time and self._is_fresh()

    def void(self) -> None:
        """Give up what is left: the limit was cut."""
        self._left = 0

    def _is_fresh(self) -> bool:
        return self._limiter.heard(self._limit, FRESH_SECONDS) == self._reserved.epoch

    def _still_good(self) -> bool:
        return self._limiter.epoch(self._limit) == self._reserved.epoch

    def _usable(self) -> int:
        call_seconds = self._limiter.call_seconds(self._limit)
        if call_seconds is None:
            return 1
        return max(1, int(self._latest_seconds / max(call_seconds, 1e-3)))
