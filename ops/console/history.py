"""The last hour, minute by minute: how many were invited and written.

The console's process notes the totals at the beginning of each minute, whether anybody looks or
not. A hash holds them by minute; HSETNX makes several consoles one, and what is older than two
hours goes. A gap (the console was down) is spread evenly over its minutes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from ops.console.totals import Totals, read_totals

if TYPE_CHECKING:
    from redis import Redis

    from ops.console.desk import Desk

KEY = "bridge:{console}:minutes"
KEPT_MINUTES = 120
SHOWN_MINUTES = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Hour:
    """How many in each of the last 60 minutes, oldest first; None where nothing was noted."""

    invited: list[float | None]
    written: list[float | None]

    @property
    def most(self) -> float:
        """The busiest minute."""
        return max((n for n in (*self.invited, *self.written) if n is not None), default=0)


class History:
    """The totals by minute, in Redis."""

    def __init__(self, redis: Redis) -> None:
        """Read nothing yet."""
        self._redis = redis

    def note(self, minute: int, totals: Totals) -> bool:
        """Note the totals at the beginning of a minute; returns whether this was the first note."""
        new = self._redis.hsetnx(KEY, str(minute), f"{totals.invited} {totals.written}")
        if new:
            old = [one for one in self._read() if one < minute - KEPT_MINUTES]
            if old:
                self._redis.hdel(KEY, *map(str, old))
        return bool(new)

    def hour(self, minute: int, totals: Totals) -> Hour:
        """Return the 60 minutes up to the one that is under way, given the totals of now.

        Notes the minute if nobody did yet, so that there is something to see from the first look.
        """
        noted = {m: pair for m, pair in self._read().items() if m <= minute}
        if minute not in noted:
            self.note(minute, totals)
            noted[minute] = (totals.invited, totals.written)
        marks = sorted({**noted, minute + 1: (totals.invited, totals.written)}.items())
        found: dict[int, tuple[float, float]] = {}
        for (begin, before), (end, after) in pairwise(marks):
            # Figures fall when the ledger was emptied; that is no negative pace.
            rises = [max(b - a, 0) / (end - begin) for a, b in zip(before, after, strict=True)]
            found |= dict.fromkeys(range(begin, end), (rises[0], rises[1]))
        shown = [found.get(one) for one in range(minute - SHOWN_MINUTES + 1, minute + 1)]
        return Hour([one and one[0] for one in shown], [one and one[1] for one in shown])

    def _read(self) -> dict[int, tuple[int, int]]:
        rows: dict[bytes, bytes] = self._redis.hgetall(KEY)  # type: ignore[assignment]
        return {int(minute): _pair(raw) for minute, raw in rows.items()}


def _pair(raw: bytes) -> tuple[int, int]:
    invited, written = raw.split()
    return int(invited), int(written)


class Sampler(threading.Thread):
    """Notes the totals at the beginning of every minute; Redis may come and go."""

    def __init__(self, desk: Desk) -> None:
        """Prepare the thread; it ends with the process."""
        super().__init__(name="sampler", daemon=True)
        self._desk = desk
        self.ended = threading.Event()

    def run(self) -> None:
        """Note, sleep until the next minute, and so on."""
        wait_seconds = 0.0
        while not self.ended.wait(wait_seconds):
            try:
                self.sample()
            except RedisError as exc:
                log.warning("minute_not_noted", error=type(exc).__name__)
            wait_seconds = 60 - self._desk.now_seconds() % 60

    def sample(self) -> bool:
        """Note the minute that is under way, once; returns whether it was noted now."""
        minute = int(self._desk.now_seconds() // 60)
        return self._desk.history.note(minute, read_totals(self._desk.redis))
