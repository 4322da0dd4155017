"""The ledger: what is owed, claimed, done, dead or cancelled.

Every method that changes something is one Lua script and safe to repeat. A claim is proved by its
token: whoever lost it cannot complete, retry or bury the entry any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.lanes import INVITATIONS, WRITES, Lane
from common.ledger.scripts import Scripts, flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis import Redis

    from common.errors import PartnerError

ERROR_CHARS = 300
# What these scripts need beside the lane's own keys, in their order.
BEGIN_KEYS = ("people", "aliases", "kin", "paused")
ACCEPTED_KEYS = ("people", "interviews", "awaiting", "refused_in_a_row")
PAUSED = -1


@dataclass(frozen=True)
class Claimed:
    """An entry that is ours until its lease runs out."""

    key: str
    token: int
    attempts: int
    value: bytes


@dataclass(frozen=True)
class Budget:
    """A counter that claims must not overrun: `allowed` a `unit`, `cost` for one entry."""

    counter: str
    allowed: int
    cost: int = 1
    unit: str = "month"


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
    """A start that Koji accepted, on its way into the ledger."""

    key: str
    token: int
    value: bytes
    interview_id: str
    counters: dict[str, int]


class Ledger:
    """The book, over one Redis connection pool (bytes, not decoded)."""

    def __init__(self, redis: Redis, clock_ms: Callable[[], int] | None = None) -> None:
        """Use the clock of Redis unless a test gives another."""
        self.redis = redis
        self._clock_ms = clock_ms
        self._run = Scripts(redis)

    def _now(self) -> Any:
        return self._clock_ms() if self._clock_ms else ""

    # --- coming in ---------------------------------------------------------------------------

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

    def profiles(self, persons: Sequence[str]) -> list[bytes | None]:
        """Return the newest known profile (JSON) of each person."""
        if not persons:
            return []
        found = self.redis.hmget(WRITES.key("profiles"), list(persons))
        return [raw.split(b" ", 1)[1] if isinstance(raw, bytes) else None for raw in found]

    def invite(
        self,
        lane: Lane,
        study: str,
        people: Iterable[tuple[str, str, bytes, str]],
        cooldown_ms: int = 0,
    ) -> dict[str, int]:
        """Add people (email_hash, id_hash, value, refusal or '') to a route.

        Returns how many were `added`, `known` already, or `cancelled:<reason>`.
        """
        tally = self._run.invite(
            keys=[*lane.keys(), lane.key("aliases"), lane.key("people"), lane.key("kin")],
            args=[self._now(), lane.route, study, cooldown_ms, *flat(people)],
        )
        return {name.decode(): n for name, n in zip(tally[::2], tally[1::2], strict=True)}

    def leave(self, lane: Lane, study: str, people: Iterable[tuple[str, str]]) -> int:
        """Cancel the waiting invitations of people (email_hash, id_hash) who left the cohort."""
        return int(
            self._run.leave(
                keys=[*lane.keys(), lane.key("aliases"), lane.key("kin")],
                args=[self._now(), study, *flat(people)],
            )
        )

    # --- being worked on ---------------------------------------------------------------------

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
        limits = orjson.dumps([[b.counter, b.allowed, b.cost] for b in budgets]) if budgets else ""
        in_flight = "" if most_in_flight is None else most_in_flight
        more, *rows = self._run.claim(
            keys=lane.keys(), args=[self._now(), lease_ms, most, in_flight, int(begins), limits]
        )
        claims = [
            Claimed(rows[i].decode(), rows[i + 1], rows[i + 2], rows[i + 3])
            for i in range(0, len(rows), 4)
        ]
        return claims, more

    def begin(
        self, lane: Lane, key: str, token: int, *, lease_ms: int, cooldown_ms: int = 0
    ) -> Begun | None:
        """Open a ticket right before its call; None if the claim was lost or has begun already."""
        return _begun(
            self._run.begin(
                keys=[*lane.keys(), *map(lane.key, BEGIN_KEYS)],
                args=[self._now(), key, token, lease_ms, cooldown_ms],
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
    ) -> tuple[bool, Begun | None]:
        """Finish one start and open the next ticket, in one round trip."""
        finish = _accepted_args(done)
        completed, found = self._run.complete_start_and_begin(
            keys=[*lane.keys(), *map(lane.key, (*ACCEPTED_KEYS, *BEGIN_KEYS))],
            args=[
                self._now(),
                len(ACCEPTED_KEYS),
                len(finish),
                *finish,
                *(key, token, lease_ms, cooldown_ms),
            ],
        )
        return bool(completed), _begun(found)

    def renew(self, lane: Lane, claims: Iterable[tuple[str, int]], lease_ms: int) -> list[bool]:
        """Prolong leases; False where the claim was lost."""
        return self._each(
            self._run.renew(keys=lane.keys(), args=[self._now(), lease_ms, *flat(claims)])
        )

    # --- going out ---------------------------------------------------------------------------

    def complete(
        self, lane: Lane, done: Iterable[tuple[str, int, bytes, dict[str, int]]]
    ) -> list[bool]:
        """Finish entries (key, token, value to keep, counters to raise)."""
        args = flat(
            (key, token, value, orjson.dumps(counters) if counters else "")
            for key, token, value, counters in done
        )
        return self._each(self._run.complete(keys=lane.keys(), args=[self._now(), *args]))

    def complete_start(
        self,
        lane: Lane,
        key: str,
        token: int,
        *,
        value: bytes,
        interview_id: str,
        counters: dict[str, int],
    ) -> bool:
        """Finish an accepted start; the interview leads back to the person from now on."""
        done = Accepted(key, token, value, interview_id, counters)
        return bool(
            self._run.complete_start(
                keys=[*lane.keys(), *map(lane.key, ACCEPTED_KEYS)],
                args=[self._now(), *_accepted_args(done)],
            )
        )

    def confirm_start(
        self, lane: Lane, key: str, *, value: bytes, interview_id: str, counters: dict[str, int]
    ) -> bool:
        """Finish a start that only its result proves; False if it was finished already."""
        return bool(
            self._run.confirm_start(
                keys=[*lane.keys(), lane.key("people"), lane.key("interviews")],
                args=[self._now(), key, value, orjson.dumps(counters), interview_id],
            )
        )

    def retry(
        self, lane: Lane, later: Iterable[tuple[str, int, int, bool, bool, PartnerError | None]]
    ) -> list[bool]:
        """Put entries back (key, token, delay_ms, spends an attempt, may have been sent, why)."""
        args = flat(
            (key, token, delay_ms, int(spends), int(sent), *_why(error))
            for key, token, delay_ms, spends, sent, error in later
        )
        return self._each(self._run.retry(keys=lane.keys(), args=[self._now(), *args]))

    def bury(self, lane: Lane, dead: Iterable[tuple[str, int, str, int | None, str]]) -> list[bool]:
        """Make dead letters (key, token, reason, HTTP status, error text)."""
        args = flat(
            (key, token, reason, "" if status is None else status, error[:ERROR_CHARS])
            for key, token, reason, status, error in dead
        )
        return self._each(self._run.bury(keys=lane.keys(), args=[self._now(), *args]))

    def expire(self, lane: Lane, *, most: int = 500, max_deliveries: int = 5) -> tuple[int, int]:
        """Take back lapsed claims; returns how many wait again, and how many were poison."""
        returned, buried = self._run.expire(
            keys=lane.keys(), args=[self._now(), most, max_deliveries]
        )
        return returned, buried

    def shrink(self, key: str, value: bytes) -> bool:
        """Keep less of somebody started; False if the invitation is not done."""
        return bool(self._run.shrink(keys=INVITATIONS.keys(), args=[self._now(), key, value]))

    def purge(self, lane: Lane, state: str, before_ms: int, most: int = 500) -> int:
        """Forget entries that are `done`, `dead` or `cancelled` since before a time."""
        keys = [*lane.keys(), lane.key(state)]
        return int(self._run.purge(keys=keys, args=[self._now(), before_ms, most]))

    def cancel(self, lane: Lane, keys: Sequence[str], reason: str) -> list[bool]:
        """Cancel entries that are pending or dead."""
        return self._each(self._run.cancel(keys=lane.keys(), args=[self._now(), reason, *keys]))

    def revive(
        self, lane: Lane, keys: Sequence[str], spacing_ms: int = 0
    ) -> tuple[list[bool], bool]:
        """Give dead letters a fresh budget; returns which were dead, and whether to wake."""
        wake, *revived = self._run.revive(keys=lane.keys(), args=[self._now(), spacing_ms, *keys])
        return self._each(revived), bool(wake)

    def result_came(self, interview_id: str) -> None:
        """Note that an interview need not be asked for any more."""
        self.redis.zrem(INVITATIONS.key("awaiting"), interview_id)

    def started_at_ms(self, key: str) -> int | None:
        """Return when the person of an invitation was last started."""
        found = self.redis.hget(INVITATIONS.key("people"), key.split(".", 1)[0])
        return int(found) if found else None

    def ask_again_later(self, interview_id: str, at_ms: int) -> None:
        """Note when an interview without a result is to be asked for next."""
        self.redis.zadd(INVITATIONS.key("awaiting"), {interview_id: at_ms}, xx=True)

    def awaiting(self, before_ms: int, most: int) -> list[str]:
        """Return interviews started, or last asked for, before a time and without a result."""
        found: list[Any] = self.redis.zrangebyscore(
            INVITATIONS.key("awaiting"), "-inf", before_ms, start=0, num=most
        )
        return [one.decode() for one in found]

    # --- looking up --------------------------------------------------------------------------

    def find_interview(self, interview_id: str) -> str | None:
        """Return the key of the invitation that an interview belongs to."""
        return _text(self.redis.hget(INVITATIONS.key("interviews"), interview_id))

    def value(self, lane: Lane, key: str) -> bytes | None:
        """Return an entry's stored value, None if there is no such entry."""
        found = self.redis.hget(lane.key("entries"), key)
        return found if isinstance(found, bytes) else None

    def is_erased(self, key: str) -> bool:
        """Tell whether a person asked to be forgotten."""
        meta = self.redis.hget(INVITATIONS.key("meta"), key)
        return bool(meta) and orjson.loads(meta or b"{}").get("cancelled") == "erased"

    def alias(self, id_hash: str) -> str | None:
        """Return the address hash that was first seen with an id."""
        return _text(self.redis.hget(INVITATIONS.key("aliases"), id_hash))

    def waits_in(self, lane: Lane, key: str) -> bool:
        """Tell whether an entry is pending or in flight in this sub-lane."""
        return any(
            self.redis.zscore(lane.own_key(state), key) is not None
            for state in ("pending", "in_flight")
        )

    def has_work(self, lane: Lane) -> bool:
        """Tell whether anything is pending or in flight in this sub-lane."""
        keys = [lane.own_key(state) for state in ("pending", "in_flight")]
        return bool(self.redis.exists(*keys))

    def due(self, lane: Lane) -> bool:
        """Tell whether anything is due now."""
        first = self.redis.zrange(lane.own_key("pending"), 0, 0, withscores=True)
        return bool(first) and float(first[0][1]) <= self.now_ms()

    def now_ms(self) -> int:
        """Return the ledger's time in Unix ms."""
        if self._clock_ms:
            return self._clock_ms()
        seconds, micros = self.redis.time()
        return int(seconds * 1000 + micros // 1000)

    def sublanes(self) -> set[str]:
        """Return every route that ever had people, also one that is gone from routes.toml."""
        return {str(_text(name)) for name in self.redis.smembers(INVITATIONS.key("sublanes"))}

    @staticmethod
    def _each(flags: Iterable[int]) -> list[bool]:
        return [bool(flag) for flag in flags]


def _begun(found: Any) -> Begun | None:
    if not found:
        return None
    return Begun(found[0] == 1, found[1], found[2], bool(found[3]), paused=found[0] == PAUSED)


def _accepted_args(done: Accepted) -> list[Any]:
    return [done.key, done.token, done.value, orjson.dumps(done.counters), done.interview_id]


def _text(raw: bytes | str | None) -> str | None:
    return raw.decode() if isinstance(raw, bytes) else raw


def _why(error: PartnerError | None) -> tuple[str, Any, str]:
    if error is None:
        return "", "", ""
    return error.outcome, "" if error.status is None else error.status, str(error)[:ERROR_CHARS]
