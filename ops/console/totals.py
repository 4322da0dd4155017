"""Totals: the four figures of the loop, over all routes, those that are gone included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from common.ledger.lanes import INBOX, INVITATIONS, WRITES

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True)
class Totals:
    """People at each step: a member counts once for each study, an interview once."""

    received: int
    invited: int
    interviewed: int
    written: int

    def at_least(self, invited: int, interviewed: int, written: int) -> Totals:
        """Return these, caught up with figures that were read a moment later."""
        return replace(
            self,
            invited=max(self.invited, invited),
            interviewed=max(self.interviewed, interviewed),
            written=max(self.written, written),
        )


def read_totals(redis: Redis) -> Totals:
    """Count in one round trip."""
    with redis.pipeline(transaction=False) as pipe:
        pipe.hlen(INVITATIONS.key("entries"))
        for lane in (INVITATIONS, INBOX, WRITES):
            pipe.hgetall(lane.key("counters"))
        received, invitations, inbox, writes = pipe.execute()
    return Totals(
        received=received,
        invited=_sum(invitations, b"started:"),
        interviewed=_sum(inbox, b"completed:"),
        written=_sum(writes, b"written:"),
    )


def _sum(counters: dict[bytes, Any], prefix: bytes) -> int:
    return sum(int(n) for name, n in counters.items() if name.startswith(prefix))
