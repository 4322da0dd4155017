"""Going out: entries are finished, put back, buried, cancelled, revived and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.book import Book, each
from common.ledger.lanes import INVITATIONS, Lane
from common.ledger.scripts import flat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from common.errors import PartnerError

ERROR_CHARS = 300


class GoingOut(Book):
    """What ends a claim, and what an operator or the retention does with an entry."""

    def complete(
        self, lane: Lane, done: Iterable[tuple[str, int, bytes, dict[str, int]]]
    ) -> list[bool]:
        """Finish entries (key, token, value to keep, counters to raise)."""
        args = flat(
            (key, token, value, orjson.dumps(counters) if counters else "")
            for key, token, value, counters in done
        )
        return each(self._run.complete(keys=lane.keys(), args=[self._now(), *args]))

    def retry(
        self, lane: Lane, later: Iterable[tuple[str, int, int, bool, bool, PartnerError | None]]
    ) -> list[bool]:
        """Put entries back (key, token, delay_ms, spends an attempt, may have been sent, why)."""
        args = flat(
            (key, token, delay_ms, int(spends), int(sent), *_why(error))
            for key, token, delay_ms, spends, sent, error in later
        )
        return each(self._run.retry(keys=lane.keys(), args=[self._now(), *args]))

    def bury(
        self,
        lane: Lane,
        dead: Iterable[tuple[str, int, str, int | None, str]],
        *,
        sent: bool = True,
    ) -> list[bool]:
        """Make dead letters (key, token, reason, HTTP status, error text).

        `sent` says that their calls may have been carried out all the same.
        """
        args = flat(
            (key, token, reason, "" if status is None else status, error[:ERROR_CHARS], int(sent))
            for key, token, reason, status, error in dead
        )
        return each(self._run.bury(keys=lane.keys(), args=[self._now(), *args]))

    def cancel(self, lane: Lane, keys: Sequence[str], reason: str) -> list[bool]:
        """Cancel entries that are pending or dead."""
        return each(self._run.cancel(keys=lane.keys(), args=[self._now(), reason, *keys]))

    def revive(
        self, lane: Lane, keys: Sequence[str], spacing_ms: int = 0
    ) -> tuple[list[bool], bool]:
        """Give dead letters a fresh budget; returns which were dead, and whether to wake."""
        wake, *revived = self._run.revive(keys=lane.keys(), args=[self._now(), spacing_ms, *keys])
        return each(revived), bool(wake)

    def shrink(self, key: str, value: bytes) -> bool:
        """Keep less of somebody started; False if the invitation is not done."""
        return bool(self._run.shrink(keys=INVITATIONS.keys(), args=[self._now(), key, value]))

    def shrink_done(self, before_ms: int, most: int = 500) -> int:
        """Keep of people started before a time that they were; returns of how many."""
        keys = [*INVITATIONS.keys(), INVITATIONS.key("shrunk_until")]
        return int(self._run.shrink_done(keys=keys, args=[self._now(), before_ms, most]))

    def rewrite(self, lane: Lane, key: str, old: bytes, new: bytes) -> bool:
        """Give an entry another value; False if it changed meanwhile."""
        return bool(self._run.rewrite(keys=lane.keys(), args=[self._now(), key, old, new]))

    def purge(self, lane: Lane, state: str, before_ms: int, most: int = 500) -> int:
        """Forget entries that are `done`, `dead` or `cancelled` since before a time."""
        keys = [*lane.keys(), lane.key(state)]
        return int(self._run.purge(keys=keys, args=[self._now(), before_ms, most]))


def _why(error: PartnerError | None) -> tuple[str, Any, str]:
    if error is None:
        return "", "", ""
    return error.outcome, "" if error.status is None else error.status, str(error)[:ERROR_CHARS]
