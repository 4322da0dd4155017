"""Looking up: what the ledger knows of an entry, a person or an interview, a key at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.book import Book
from common.ledger.lanes import INVITATIONS, WRITES, Lane

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class First:
    """Unix ms: when the first who waits is due and when the first lease ends; `inf` for none."""

    due_at_ms: float
    leased_until_ms: float


class Lookups(Book):
    """What is read without a script, and the interviews whose results are still awaited."""

    def value(self, lane: Lane, key: str) -> bytes | None:
        """Return an entry's stored value, None if there is no such entry."""
        found = self.redis.hget(lane.key("entries"), key)
        return found if isinstance(found, bytes) else None

    def profiles(self, persons: Sequence[str]) -> list[bytes | None]:
        """Return the newest known profile (JSON) of each person."""
        if not persons:
            return []
        found = self.redis.hmget(WRITES.key("profiles"), list(persons))
        return [raw.split(b" ", 1)[1] if isinstance(raw, bytes) else None for raw in found]

    def find_interview(self, interview_id: str) -> str | None:
        """Return the key of the invitation that an interview belongs to."""
        return _text(self.redis.hget(INVITATIONS.key("interviews"), interview_id))

    def is_erased(self, key: str) -> bool:
        """Tell whether a person asked to be forgotten."""
        meta = self.redis.hget(INVITATIONS.key("meta"), key)
        return bool(meta) and orjson.loads(meta or b"{}").get("cancelled") == "erased"

    def names(self, told: Sequence[str]) -> list[str]:
        """Return every name (hash) of the person with these names, those given first."""
        if not any(told):
            return []
        keys = [*INVITATIONS.keys(), INVITATIONS.key("aliases"), INVITATIONS.key("kin")]
        return [name.decode() for name in self._run.names(keys=keys, args=[self._now(), *told])]

    def started_at_ms(self, key: str) -> int | None:
        """Return when the person of an invitation was last started."""
        found = self.redis.hget(INVITATIONS.key("people"), key.split(".", 1)[0])
        return int(found) if found else None

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
        (first,) = self.firsts([lane])
        return first.due_at_ms <= self.now_ms()

    def firsts(self, lanes: Sequence[Lane]) -> list[First]:
        """Return of each sub-lane when its first entries are due, in one round trip."""
        with self.redis.pipeline(transaction=False) as pipe:
            for lane in lanes:
                for state in ("pending", "in_flight"):
                    pipe.zrange(lane.own_key(state), 0, 0, withscores=True)
            found = pipe.execute()
        times = [float(entries[0][1]) if entries else math.inf for entries in found]
        return [First(*pair) for pair in zip(times[::2], times[1::2], strict=True)]

    def sublanes(self) -> set[str]:
        """Return every route that ever had people, also one that is gone from routes.toml."""
        return {str(_text(name)) for name in self.redis.smembers(INVITATIONS.key("sublanes"))}

    def awaiting(self, before_ms: int, most: int) -> list[str]:
        """Return interviews started, or last asked for, before a time and without a result."""
        found: list[Any] = self.redis.zrangebyscore(
            INVITATIONS.key("awaiting"), "-inf", before_ms, start=0, num=most
        )
        return [one.decode() for one in found]

    def is_awaited(self, interview_id: str) -> bool:
        """Tell whether an interview has no result yet; one that was not named has none."""
        key = INVITATIONS.key("awaiting")
        return not interview_id or self.redis.zscore(key, interview_id) is not None

    def ask_again_later(self, interview_id: str, at_ms: int) -> None:
        """Note when an interview without a result is to be asked for next."""
        self.redis.zadd(INVITATIONS.key("awaiting"), {interview_id: at_ms}, xx=True)

    def result_came(self, interview_id: str) -> None:
        """Note that an interview need not be asked for any more."""
        self.redis.zrem(INVITATIONS.key("awaiting"), interview_id)


def _text(raw: bytes | str | None) -> str | None:
    return raw.decode() if isinstance(raw, bytes) else raw
