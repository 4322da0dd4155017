"""Starts: an invitation is opened right before its call, and closed with its interview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.book import Book
from common.ledger.lanes import DELIVERIES, INVITATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.ledger.lanes import Lane

# What these scripts need beside the lane's own keys, in their order.
BEGIN_KEYS = ("people", "aliases", "kin", "paused", "suppressed")
RESERVATION_KEYS = ("reservations", "lapses")
ACCEPTED_KEYS = ("people", "interviews", "awaiting", "refused_in_a_row")
PAUSED = -1


@dataclass(frozen=True)
class Begun:
    """What a ticket finds: `go` is False for somebody cancelled meanwhile, or while paused."""

    go: bool
    value: bytes
    attempts: int
    sent_before: bool
    paused: bool = False


@dataclass(frozen=True)
class Accepted:
    """A start that Koji accepted, on its way into the ledger.

    `delivery` is what the person is still owed: it becomes an entry of the lane of deliveries.
    Credits that were reserved for it are free again after `lapses_after_ms` without a result.
    """

    key: str
    token: int
    value: bytes
    interview_id: str
    counters: dict[str, int]
    delivery: bytes = b""
    lapses_after_ms: int = 0


class Starts(Book):
    """What a ticket does with one person."""

    def begin(
        self,
        lane: Lane,
        key: str,
        token: int,
        *,
        lease_ms: int,
        cooldown_ms: int = 0,
        reserve_credits: int = 0,
    ) -> Begun | None:
        """Open a ticket right before its call; None if the claim was lost or has begun already.

        `reserve_credits` are set aside for the interview that may come of it.
        """
        return _begun(
            self._run.begin(
                keys=[*lane.keys(), *map(lane.key, BEGIN_KEYS)],
                args=[self._now(), key, token, lease_ms, cooldown_ms, reserve_credits],
            )
        )

    def begin_delivery(self, key: str, token: int, *, lease_ms: int) -> Begun | None:
        """Open a delivery right before it is sent; None if the claim was lost or has begun."""
        return _begun(
            self._run.begin(
                keys=[*DELIVERIES.keys(), *map(INVITATIONS.key, BEGIN_KEYS)],
                args=[self._now(), key, token, lease_ms, 0, 0],
            )
        )

    def complete_start(
        self,
        lane: Lane,
        key: str,
        token: int,
        *,
        value: bytes,
        interview_id: str,
        counters: dict[str, int],
        delivery: bytes = b"",
        lapses_after_ms: int = 0,
    ) -> bool:
        """Finish an accepted start; the interview leads back to the person from now on."""
        done = Accepted(key, token, value, interview_id, counters, delivery, lapses_after_ms)
        return bool(
            self._run.complete_start(
                keys=[*lane.keys(), *_accepted_keys(lane)],
                args=[self._now(), *_accepted_args(done)],
            )
        )

    def complete_start_and_begin(
        self,
        lane: Lane,
        done: Accepted,
        key: str,
        token: int,
        *,
        lease_ms: int,
        cooldown_ms: int = 0,
        reserve_credits: int = 0,
    ) -> tuple[bool, Begun | None]:
        """Finish one start and open the next ticket, in one round trip."""
        further, finish = _accepted_keys(lane), _accepted_args(done)
        completed, found = self._run.complete_start_and_begin(
            keys=[*lane.keys(), *further, *map(lane.key, BEGIN_KEYS)],
            args=[
                self._now(),
                len(further),
                len(finish),
                *finish,
                *(key, token, lease_ms, cooldown_ms, reserve_credits),
            ],
        )
        return bool(completed), _begun(found)

    def confirm_start(
        self,
        lane: Lane,
        key: str,
        *,
        value: bytes,
        interview_id: str,
        counters: dict[str, int],
        others: Iterable[Lane] = (),
        lapses_after_ms: int = 0,
    ) -> bool:
        """Finish a start that only its result proves; False if it was finished already.

        `others` are further sub-lanes in which the person may wait for the same study.
        """
        waiting = [other.own_key(part) for other in others for part in ("pending", "in_flight")]
        return bool(
            self._run.confirm_start(
                keys=[
                    *lane.keys(),
                    *map(lane.key, ("people", "interviews", *RESERVATION_KEYS)),
                    *waiting,
                ],
                args=[
                    *(self._now(), key, value, orjson.dumps(counters)),
                    *(interview_id, lapses_after_ms),
                ],
            )
        )


def _begun(found: Any) -> Begun | None:
    if not found:
        return None
    return Begun(found[0] == 1, found[1], found[2], bool(found[3]), paused=found[0] == PAUSED)


def _accepted_keys(lane: Lane) -> list[str]:
    delivery_keys = (DELIVERIES.key("entries"), DELIVERIES.key("pending"))
    return [*map(lane.key, ACCEPTED_KEYS), *delivery_keys, *map(lane.key, RESERVATION_KEYS)]


def _accepted_args(done: Accepted) -> list[Any]:
    counters = orjson.dumps(done.counters)
    rest = (done.interview_id, done.delivery, done.lapses_after_ms)
    return [done.key, done.token, done.value, counters, *rest]
