"""Coming in: payloads, people and results are added once, and people may leave again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.ledger.book import Book
from common.ledger.lanes import WRITES, Lane
from common.ledger.scripts import flat

if TYPE_CHECKING:
    from collections.abc import Iterable


INVITE_KEYS = ("aliases", "people", "kin", "suppressed", "left", "copies")


@dataclass(frozen=True)
class Came:
    """When a page was received, and of which cohort it is (`cohort` empty: of none).

    `as_of_ms` is when that was begun which the page is a part of: a whole copy, or the page alone.
    """

    received_at_ms: int
    cohort: str
    as_of_ms: int


class ComingIn(Book):
    """What adds entries; a key that is there already is left as it is."""

    def add(
        self, lane: Lane, entries: Iterable[tuple[str, bytes]], delay_ms: int = 0
    ) -> tuple[list[bool], bool]:
        """Add entries once by key; returns which were new, and whether to send a wake-up."""
        args = flat((key, value, delay_ms) for key, value in entries)
        wake, *new = self._run.add(keys=lane.keys(), args=[self._now(), *args])
        return [bool(one) for one in new], bool(wake)

    def add_write(
        self, key: str, value: bytes, *, person: str, completed_at_ms: int, profile: bytes
    ) -> tuple[bool, bool]:
        """Add a result; its profile counts only if no newer interview of the person is known.

        Returns whether it was new, and whether to send a wake-up.
        """
        wake, new = self._run.add_write(
            keys=[*WRITES.keys(), WRITES.key("profiles")],
            args=[self._now(), key, value, person, completed_at_ms, profile],
        )
        return bool(new), bool(wake)

    def invite(
        self,
        lane: Lane,
        study: str,
        people: Iterable[tuple[str, str, bytes, str]],
        cooldown_ms: int = 0,
        came: Came | None = None,
    ) -> dict[str, int]:
        """Add people (email_hash, id_hash, value, refusal or '') to a route.

        Returns how many were `added`, `known` already, `cancelled:<reason>`, or are `outdated`:
        a page received later, or a copy begun later, knows that they left.
        """
        how = (came.received_at_ms, came.cohort, came.as_of_ms) if came else ("", "", "")
        tally = self._run.invite(
            keys=[*lane.keys(), *map(lane.key, INVITE_KEYS)],
            args=[self._now(), lane.route, study, cooldown_ms, *how, *flat(people)],
        )
        return {name.decode(): n for name, n in zip(tally[::2], tally[1::2], strict=True)}

    def leave(
        self,
        lane: Lane,
        study: str,
        people: Iterable[tuple[str, str]],
        received_at_ms: int | None = None,
    ) -> int:
        """Cancel the waiting invitations of people (email_hash, id_hash) who left the cohort.

        Who came by a page that was received later stays. Returns how many leave.
        """
        received = "" if received_at_ms is None else received_at_ms
        return int(
            self._run.leave(
                keys=[*lane.keys(), *map(lane.key, ("aliases", "kin", "left"))],
                args=[self._now(), study, received, *flat(people)],
            )
        )
