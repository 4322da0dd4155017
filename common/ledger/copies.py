"""Whole copies of a cohort: when all pages of one are in, who is missing from it is swept out.

Mixpanel sends a whole copy as pages of one session, at first and after an outage of three days
(docs.mixpanel.com/docs/cohort-sync/webhooks). Nothing is kept of who stands in it: who came with
it, or later, is told by the time of receipt, which every entry has (`came_at` in `_lane.lua`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from common.ledger.book import Book
from common.ledger.lanes import INVITATIONS, Lane, invitations

COPY_KEPT_MS = 86_400_000  # a copy that is not whole by then never will be
LOOKED_AT_A_STEP = 100


@dataclass(frozen=True)
class Cohort:
    """Whose people: those of a route that came by one way (`origin`; empty: its own cohort)."""

    route: str
    origin: str = ""

    @property
    def lane(self) -> Lane:
        """Where they wait."""
        return invitations(self.route)

    @property
    def name(self) -> str:
        """What the ledger calls them."""
        return f"{self.route}|{self.origin}"

    @classmethod
    def named(cls, name: str) -> Cohort:
        """Return a cohort by what the ledger calls it."""
        route, _, origin = name.partition("|")
        return cls(route, origin)


class Copies(Book):
    """What keeps the pages of whole copies together, and sweeps."""

    def open_page(self, cohort: Cohort, session_id: str, received_at_ms: int) -> int:
        """Note a page whose people are about to come in; returns since when its copy holds."""
        since, _ = self._page(cohort, session_id, received_at_ms, "", 0)
        return since

    def close_page(
        self, cohort: Cohort, session_id: str, received_at_ms: int, page: int, pages: int
    ) -> bool:
        """Note a page whose people are in, one of `pages` (0 = not told); True: it is whole."""
        _, whole = self._page(cohort, session_id, received_at_ms, page, pages)
        return bool(whole)

    def settle(self, before_ms: int, most: int = 20) -> int:
        """Take copies of untold length as whole if no page came since; returns how many."""
        found: list[Any] = self.redis.zrangebyscore(
            INVITATIONS.key("settling"), "-inf", before_ms, start=0, num=most
        )
        settled = 0
        for raw in found:
            name, _, session = raw.decode().rpartition("|")
            cohort = Cohort.named(name)
            keys, args = self._keys(cohort, session), [self._now(), name, raw, before_ms]
            settled += self._run.settle(keys=keys, args=args)
        return settled

    def sweeps(self) -> list[Cohort]:
        """Return the cohorts of which people are still to be swept out."""
        found: list[Any] = self.redis.hkeys(INVITATIONS.key("sweeps"))
        return [Cohort.named(raw.decode()) for raw in found]

    def sweep(self, cohort: Cohort) -> tuple[int, bool]:
        """Look at some who wait; returns how many leave, and whether that was the last step."""
        n, last = self._run.sweep(
            keys=[*cohort.lane.keys(), cohort.lane.key("sweeps")],
            args=[self._now(), cohort.name, cohort.origin, LOOKED_AT_A_STEP],
        )
        return n, bool(last)

    def _page(
        self, cohort: Cohort, session_id: str, received_at_ms: int, page: int | str, pages: int
    ) -> tuple[int, int]:
        session = hashlib.blake2b(session_id.encode("utf-8", "replace"), digest_size=8).hexdigest()
        whose = f"{cohort.name}|{session}"
        since, whole = self._run.copy_page(
            keys=self._keys(cohort, session),
            args=[self._now(), cohort.name, whose, received_at_ms, page, pages, COPY_KEPT_MS],
        )
        return since, whole

    def _keys(self, cohort: Cohort, session: str) -> list[str]:
        lane = cohort.lane
        copy = lane.key(f"copy:{cohort.name}|{session}")
        return [*lane.keys(), copy, *map(lane.key, ("copies", "sweeps", "settling"))]
