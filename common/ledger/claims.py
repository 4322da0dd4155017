"""Being worked on: entries are claimed under a lease, which is renewed or runs out.

A claim is proved by its token: whoever lost it cannot complete, retry or bury the entry any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from common.ledger.book import Book, each
from common.ledger.scripts import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from common.ledger.lanes import Lane


@dataclass(frozen=True)
class Claimed:
    """An entry that is ours until its lease runs out."""

    key: str
    token: int
    attempts: int
    value: bytes


@dataclass(frozen=True)
class Budget:
    """A counter that claims must not overrun: `allowed` a `unit`, `cost` for one entry.

    `reserved` is a second counter, of what is not spent yet but may be.
    """

    counter: str
    allowed: int
    cost: int = 1
    unit: str = "month"
    reserved: str = ""

    @property
    def counters(self) -> tuple[str, ...]:
        """The counters that count against it."""
        return (self.counter, self.reserved) if self.reserved else (self.counter,)

    def left(self, counters: Mapping[str, int]) -> int:
        """Return what is left of it, given the lane's counters."""
        return max(self.allowed - sum(counters.get(name, 0) for name in self.counters), 0)


class Claims(Book):
    """What moves entries into flight, and back where a lease ran out."""

    def claim(
        self,
        lane: Lane,
        *,
        most: int,
        lease_ms: int,
        most_in_flight: int | None = None,
        begins: bool = True,
        budgets: Sequence[Budget] = (),
    ) -> tuple[list[Claimed], int]:
        """Claim what is due; returns the claims and how many more are due.

        `begins` says that the caller works on them at once; a ticket begins later.
        """
        limits = orjson.dumps([_limit(one) for one in budgets]) if budgets else ""
        in_flight = "" if most_in_flight is None else most_in_flight
        more, *rows = self._run.claim(
            keys=lane.keys(), args=[self._now(), lease_ms, most, in_flight, int(begins), limits]
        )
        claims = [
            Claimed(rows[i].decode(), rows[i + 1], rows[i + 2], rows[i + 3])
            for i in range(0, len(rows), 4)
        ]
        return claims, more

    def renew(self, lane: Lane, claims: Iterable[tuple[str, int]], lease_ms: int) -> list[bool]:
        """Prolong leases; False where the claim was lost."""
        return each(self._run.renew(keys=lane.keys(), args=[self._now(), lease_ms, *flat(claims)]))

    def expire(self, lane: Lane, *, most: int = 500, max_deliveries: int = 5) -> tuple[int, int]:
        """Take back lapsed claims; returns how many wait again, and how many were poison."""
        returned, buried = self._run.expire(
            keys=lane.keys(), args=[self._now(), most, max_deliveries]
        )
        return returned, buried


def _limit(budget: Budget) -> list[str | int]:
    return [budget.counter, budget.allowed, budget.cost, budget.reserved]
