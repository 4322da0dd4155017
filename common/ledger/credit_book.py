"""The credits of a route: reserved with a call, settled by its result, or lapsed without one."""

from __future__ import annotations

from typing import Any

from common.ledger.book import Book
from common.ledger.lanes import INVITATIONS
from common.ledger.starts import RESERVATION_KEYS

KEYS = [*INVITATIONS.keys(), *map(INVITATIONS.key, RESERVATION_KEYS)]
# A result that comes later than this after its reservation lapsed is not billed to anybody.
KEEP_LAPSED_MS = 365 * 86_400_000


class CreditBook(Book):
    """What becomes of a reservation; each is settled once, however often a result comes."""

    def bill(self, key: str, credits_billed: int, month: str) -> bool:
        """Bill an invitation's interview to a month; False where nothing is open for it."""
        return bool(self._run.bill(keys=KEYS, args=[self._now(), key, credits_billed, month]))

    def lapse(self, most: int = 500) -> int:
        """Free the credits of interviews whose result did not come in time."""
        return int(self._run.lapse(keys=KEYS, args=[self._now(), most, KEEP_LAPSED_MS]))

    def counters(self) -> list[str]:
        """Return the names of all counters of the invitations."""
        names: list[Any] = self.redis.hkeys(INVITATIONS.key("counters"))
        return [name.decode() for name in names]

    def forget_counters(self, names: list[str]) -> None:
        """Remove counters of periods that are long over."""
        if names:
            self.redis.hdel(INVITATIONS.key("counters"), *names)
