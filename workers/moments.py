"""Moments of a limit for one ticket: reserved a few at a time, taken one by one.

While calls are quick, one question to Redis serves several of them. A call may not be later than
its moment by much, or a window could hold more calls than the pace allows; so no more are reserved
than can be used in time, and what was not used in time is void.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.limit import SHARE_OF_LIMIT
from workers.rate_limiter import LONGEST_WAIT_SECONDS, Reserved

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.limit import Limit
    from workers.rate_limiter import RateLimiter

# Of the share of a window that the pace leaves free; several workers may be late at once.
LATEST = 0.4
# A 429 of another worker is heard of within this time, or at the next call if that is later.
FRESH_SECONDS = 0.1


def _nothing() -> None:
    pass


class Moments:
    """What one ticket holds of a limit."""

    def __init__(
        self, limiter: RateLimiter, limit: Limit, before_waiting: Callable[[], None] = _nothing
    ) -> None:
        """Reserve nothing yet; `before_waiting` is called before each wait."""
        self._limiter = limiter
        self._limit = limit
        self._before_waiting = before_waiting
        self._latest_seconds = limit.rate.window_seconds * (1 - SHARE_OF_LIMIT) * LATEST
        self._reserved = Reserved(0, 0.0, 0.0, 0)
        self._left = 0
        self._at = 0.0

    def take(self, wanted: int, longest_wait_seconds: float = LONGEST_WAIT_SECONDS) -> float:
        """Wait in place for the next moment and take it; returns 0.

        `wanted` is how many calls are to follow. Where the moment is further away than
        `longest_wait_seconds`, nothing is taken and the wait in seconds is returned.
        """
        give_up_at = self._limiter.clock() + longest_wait_seconds
        while not (self._in_time() and self._wait()):
            longest_seconds = give_up_at - self._limiter.clock()
            line = self._limiter.lines.join(self._limit, longest_seconds, self._before_waiting)
            with line as is_ours:
                if not is_ours:
                    return self._limit.interval_ms / 1000
                too_far = self._reserve(wanted, give_up_at - self._limiter.clock())
                if too_far is not None:
                    return too_far
                if self._wait():
                    break
        self._left -= 1
        self._at += self._reserved.interval_seconds
        return 0.0

    def void(self) -> None:
        """Give up what is left: the limit was cut."""
        self._left = 0

    def _in_time(self) -> bool:
        return self._left > 0 and self._limiter.clock() <= self._at + self._latest_seconds

    def _reserve(self, wanted: int, longest_wait_seconds: float) -> float | None:
        """Reserve moments; returns how far away the next is if that is too far, else None."""
        most = min(wanted, self._usable())
        found = self._limiter.reserve(self._limit, most, longest_wait_seconds)
        self._reserved, self._left = found, found.count
        if not found.count:
            return found.wait_seconds
        # Counted from the answer on: a little late is safe, a little early is not.
        self._at = self._limiter.clock() + found.wait_seconds
        return None

    def _wait(self) -> bool:
        """Wait for the next moment; False if a 429 voided it and all that were left."""
        wait_seconds = max(0.0, self._at - self._limiter.clock())
        if wait_seconds:
            self._before_waiting()
            self._limiter.sleep(wait_seconds)
        if (not wait_seconds and self._is_fresh()) or self._still_good():
            return True
        self.void()
        return False

    def _is_fresh(self) -> bool:
        return self._limiter.heard(self._limit, FRESH_SECONDS) == self._reserved.epoch

    def _still_good(self) -> bool:
        return self._limiter.epoch(self._limit) == self._reserved.epoch

    def _usable(self) -> int:
        call_seconds = self._limiter.call_seconds(self._limit)
        if call_seconds is None:
            return 1
        return max(1, int(self._latest_seconds / max(call_seconds, 1e-3)))
