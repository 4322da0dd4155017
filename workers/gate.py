"""The gate before each call to Koji: limit and breaker, asked once for as many calls as is safe.

A ticket carries several people. Asking for each of them would cost more than the calls do, so the
breaker is asked at the beginning, after a failure and after a wait, and successes are reported
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import LaterError, TransientError
from workers.moments import FRESH_SECONDS, Moments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from common.errors import PartnerError
    from common.routes import Route
    from workers.breaker import BreakerState
    from workers.bridge import Bridge


class Gate:
    """One ticket's way to Koji; to be closed when the ticket ends."""

    def __init__(self, bridge: Bridge, route: Route, before_waiting: Callable[[], None]) -> None:
        """Ask nobody yet; `before_waiting` is called before a wait in place."""
        self._limiter = bridge.limiter
        self._breaker = bridge.breaker
        self._limit = bridge.limit(route)
        self._name = bridge.koji_breaker(route)
        self._moments = Moments(bridge.limiter, self._limit, before_waiting)
        self._allowed = False
        self._is_probe = False
        self._successes = 0

    def wait_ms(self, wanted: int) -> int | None:
        """Wait in place until a call may go; `wanted` is how many are to follow.

        Returns ms to come back after where that is not soon, else None.
        """
        before = self._limiter.clock()
        wait_seconds = self._moments.take(wanted)
        if wait_seconds > 0:
            return round(1000 * wait_seconds)
        if not self._allowed or self._limiter.clock() - before > FRESH_SECONDS:
            breaker = self._breaker.allow(self._name)
            self._allowed, self._is_probe = not breaker.open, breaker.name == "half_open"
            if breaker.open:
                return round(1000 * breaker.wait_seconds)
        return None

    def unused(self) -> None:
        """Say that there was nobody to call after all, so that somebody else can be the probe."""
        if self._is_probe:
            self._breaker.hand_back(self._name)
            self._allowed = self._is_probe = False

    def accepted(self, headers: Mapping[str, str], seconds: float) -> None:
        """Report an answer, and how long it took."""
        self._successes += 1
        if self._is_probe:
            self._report()
        self._limiter.note_call(self._limit, seconds)
        self._limiter.heed(self._limit, headers, refused=False)

    def failed(self, error: PartnerError) -> BreakerState:
        """Report a failure at once, and ask again before the next call."""
        refused = isinstance(error, LaterError)
        self._report()
        state = self._breaker.record(self._name, ok=not isinstance(error, TransientError))
        self._limiter.heed(self._limit, error.headers, refused=refused)
        if refused:
            self._moments.void()
        self._allowed = self._is_probe = False
        return state

    def close(self) -> None:
        """Report what was not reported yet."""
        self.unused()
        self._report()

    def _report(self) -> None:
        if self._successes:
            self._breaker.record(self._name, ok=True, times=self._successes)
            self._successes = 0
            self._is_probe = False
