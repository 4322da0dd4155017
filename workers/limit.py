"""What a limit allows: its pace, and how much work may be under way for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.partner_keys import limit_key

if TYPE_CHECKING:
    from common.rates import Rate

# A window of 60 s at this share leaves 0.6 s for calls to be late in, whatever the limit.
SHARE_OF_LIMIT = 0.99
# So far ahead a process reserves: what it holds when it is killed is lost to the others.
AHEAD_SECONDS = 0.2
# A Celery message costs about as much as the call; above this many a second, people share one.
TICKETS_A_SECOND = 25
# Seconds of work that dispatch hands out in advance.
HORIZON_SECONDS = 4.0
MOST_IN_FLIGHT = 2000


@dataclass(frozen=True)
class Limit:
    """A named limit; `name` is the same for everybody who shares it."""

    name: str
    rate: Rate

    @property
    def interval_ms(self) -> float:
        """Milliseconds between two calls at full pace."""
        return self.rate.window_seconds * 1000 / (self.rate.count * SHARE_OF_LIMIT)

    @property
    def window_ms(self) -> int:
        """The window's length."""
        return self.rate.window_seconds * 1000

    @property
    def key(self) -> str:
        """The limit's hash in Redis."""
        return limit_key(self.name)

    @property
    def most_in_flight(self) -> int:
        """How many entries may be out at once: what the pace can use in the next seconds."""
        return min(2 + math.ceil(self.rate.per_second * HORIZON_SECONDS), MOST_IN_FLIGHT)

    @property
    def most_waiting(self) -> int:
        """How many tickets of a process may hold moments that are still to come."""
        return math.ceil(AHEAD_SECONDS * min(self.rate.per_second, TICKETS_A_SECOND))
