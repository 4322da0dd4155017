"""What a ticket writes into the ledger: the start that was accepted, and the next that begins.

Where the next call follows at once, both go in one round trip.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.ledger import Accepted, Begun, Lane, Ledger
    from common.routes import Route
    from workers.leases import LeaseKeeper

log = structlog.get_logger(__name__)
MS_A_DAY = 86_400_000
# An accepted start is held on to while Redis is away: what is not noted would be started again.
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.25
AWAY = (RedisConnectionError, RedisTimeoutError)


class StartBook:
    """One ticket's pen; to be closed when the ticket ends."""

    def __init__(
        self,
        ledger: Ledger,
        lane: Lane,
        route: Route,
        leases: LeaseKeeper,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Hold nothing yet."""
        self._ledger = ledger
        self._lane = lane
        self._route = route
        self._lease_ms = leases.lease_ms
        self._cooldown_ms = round((route.cooldown_days or 0) * MS_A_DAY)
        self._sleep = sleep
        self._accepted: Accepted | None = None
        self._told: dict[str, object] = {}

    def begin(self, key: str, token: int) -> Begun | None:
        """Open a ticket right before its call, and finish the start that was accepted before."""
        options = {
            "lease_ms": self._lease_ms,
            "cooldown_ms": self._cooldown_ms,
            "reserve_credits": self._route.credits_to_reserve,
        }
        if self._accepted is None:
            return self._ledger.begin(self._lane, key, token, **options)
        done = self._accepted
        held, begun = self._ledger.complete_start_and_begin(self._lane, done, key, token, **options)
        self._finished(done, held=held)
        return begun

    def accepted(self, done: Accepted, *, attempt: int, duplicate: bool) -> None:
        """Take a start that Koji accepted; it is written with the next step, or on closing."""
        self._accepted = done
        self._told = {"attempt": attempt, "duplicate": duplicate}

    def close(self) -> None:
        """Write what was accepted and not written yet, as soon as Redis lets us."""
        done = self._accepted
        if done is None:
            return
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                held = self._ledger.complete_start(
                    self._lane,
                    done.key,
                    done.token,
                    value=done.value,
                    interview_id=done.interview_id,
                    counters=done.counters,
                    lapses_after_ms=done.lapses_after_ms,
                    delivery=done.delivery,
                )
            except AWAY as exc:
                if time.monotonic() > give_up_at:
                    raise
                log.warning("start_not_noted_yet", key=done.key, error=type(exc).__name__)
                self._sleep(PAUSE_SECONDS)
            else:
                break
        self._finished(done, held=held)

    def _finished(self, done: Accepted, *, held: bool) -> None:
        self._accepted = None
        if not held:  # whoever has the entry now must not start the person again
            self._ledger.confirm_start(
                self._lane,
                done.key,
                value=done.value,
                interview_id=done.interview_id,
                counters=done.counters,
                lapses_after_ms=done.lapses_after_ms,
            )
        log.info(
            "started",
            route=self._route.name,
            key=done.key,
            interview_id=done.interview_id,
            claim_held=held,
            **self._told,
        )
