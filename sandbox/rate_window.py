"""A sliding window of calls, kept as a log of arrival times."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the window says of one call; `free_in_seconds` is when its oldest call leaves it."""

    allowed: bool
    limit: int
    remaining: int
    free_in_seconds: float


class RateWindow:
    """At most `limit` calls in any `window_seconds`; a limit of 0 admits everything.

    Koji: 60 requests a minute and key, a sliding window of one minute
    (https://www.koji.so/docs/rate-limits-and-cors). Whether refused calls count is not said.
    """

    def __init__(self, window_seconds: float, *, count_refused: bool = False) -> None:
        """Start an empty window."""
        self.window_seconds = window_seconds
        self._count_refused = count_refused
        self._arrivals: deque[float] = deque()

    def take(self, now: float, limit: int) -> Verdict:
        """Admit or refuse a call at `now`, in seconds of a clock that never goes back."""
        self._forget(now)
        allowed = not limit or len(self._arrivals) < limit
        if allowed or self._count_refused:
            self._arrivals.append(now)
        return self._verdict(now, limit, allowed=allowed)

    def use_up(self, now: float, limit: int) -> None:
        """Forget all calls, and take `limit` that came evenly until `now`: the first leaves now."""
        apart = self.window_seconds / limit if limit else 0.0
        first = now - self.window_seconds
        self._arrivals = deque(first + number * apart for number in range(limit))

    def look(self, now: float, limit: int) -> Verdict:
        """Say what `take` would, without a call."""
        self._forget(now)
        return self._verdict(now, limit, allowed=not limit or len(self._arrivals) < limit)

    def _forget(self, now: float) -> None:
        while self._arrivals and self._arrivals[0] + self.window_seconds <= now:
            self._arrivals.popleft()

    def _verdict(self, now: float, limit: int, *, allowed: bool) -> Verdict:
        held = len(self._arrivals)
        # Where refused calls count, or the limit has sunk, more than one call must leave first.
        leaving = self._arrivals[max(0, held - limit)] if held and limit else now
        if not held:
            return Verdict(allowed, limit, limit, self.window_seconds)
        return Verdict(
            allowed, limit, max(0, limit - held), max(0.0, leaving + self.window_seconds - now)
        )
