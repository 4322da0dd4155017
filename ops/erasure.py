"""erase_person: takes one person out of everything the bridge holds.

Safe to repeat. Payloads first, names last, so that a run that was cut short can be run again.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from common.identity import id_hash, usable_id
from common.ledger.lanes import DELIVERIES, INBOX, INVITATIONS, WRITES, Lane, invitations
from common.ledger.scripts import Scripts
from common.messages import CohortPage, InterviewResult, ResultWrite
from common.stored import decode
from ops.members import EMAIL_KEYS, ID_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from common.ledger import Ledger
    from ops.names import Names

PLACES = (
    *("cohort_pages", "results", "writes", "profiles", "interviews"),
    *("invitations", "deliveries", "people", "aliases"),
)
PAYLOADS_A_CALL = 100
MOST_PASSES = 10
# What a worker had in its hands during one pass has come to rest by the next.
PAUSE_SECONDS = 0.3


def erase_person(
    ledger: Ledger,
    names: Names,
    sleep: Callable[[float], None] = time.sleep,
    *,
    forget: bool = False,
) -> dict[str, int]:
    """Erase until a pass finds nothing more; returns how much was found where (`PLACES`).

    Without `forget` a hash stays for each study, which keeps the person from being invited again.
    """
    found = Counter(dict.fromkeys(PLACES, 0))
    for _ in range(MOST_PASSES):
        names.follow()
        now_found = _Pass(ledger, names).run()
        if not now_found.total():
            break
        found.update(now_found)
        sleep(PAUSE_SECONDS)
    if forget and names.invitations:
        args: list[Any] = [ledger.now_ms(), *sorted(names.invitations)]
        for lane in (INVITATIONS, DELIVERIES):
            Scripts(ledger.redis).forget(keys=lane.keys(), args=args)
    return dict(found)


def find_person(ledger: Ledger, names: Names) -> dict[str, int]:
    """Return what erasing would find where (`PLACES`), and change nothing."""
    names.follow()
    return dict.fromkeys(PLACES, 0) | _Pass(ledger, names, dry_run=True).run()


class _Pass:
    """One walk over all places; a dry run only counts."""

    def __init__(self, ledger: Ledger, names: Names, *, dry_run: bool = False) -> None:
        self._ledger, self._redis, self._names = ledger, ledger.redis, names
        self._dry_run = dry_run
        self._run = Scripts(ledger.redis)
        self._found: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        """Erase what this pass finds."""
        for lane in (INBOX, WRITES):
            for key, raw in self._waiting(lane):
                self._payload(lane, key, raw)
        self._shelf()
        names = self._names
        self._forget("profiles", WRITES, names.hashes)
        self._forget("interviews", INVITATIONS, names.interviews)
        if names.interviews and not self._dry_run:
            self._redis.zrem(INVITATIONS.key("awaiting"), *names.interviews)
        keys = sorted(names.invitations)
        self._found["invitations"] += self._erase(INVITATIONS, keys) if keys else 0
        self._found["deliveries"] += self._erase(DELIVERIES, keys) if keys else 0
        self._forget("people", INVITATIONS, names.hashes)
        self._forget("aliases", INVITATIONS, names.aliases)
        self._forget("aliases", INVITATIONS, names.hashes, "kin")
        return self._found

    def _forget(self, place: str, lane: Lane, fields: Any, part: str = "") -> None:
        if not fields:
            return
        key = lane.key(part or place)
        if self._dry_run:
            found: Any = self._redis.hmget(key, list(fields))
            self._found[place] += sum(value is not None for value in found)
        else:
            self._found[place] += int(self._redis.hdel(key, *fields))

    def _erase(self, lane: Lane, keys: list[str]) -> int:
        if self._dry_run:
            values: Any = self._redis.hmget(lane.key("entries"), keys)
            metas: Any = self._redis.hmget(lane.key("meta"), keys)
            return sum(
                value is not None and (value != b"" or b'"erased"' not in (meta or b""))
                for value, meta in zip(values, metas, strict=True)
            )
        parts = self._ledger.sublanes() if lane == INVITATIONS else set[str]()
        sets = [
            invitations(route).own_key(state)
            for route in sorted(parts)
            for state in ("pending", "in_flight")
        ]
        return int(self._run.erase(keys=[*lane.keys(), *sets], args=[self._ledger.now_ms(), *keys]))

    def _waiting(self, lane: Lane) -> Iterator[tuple[str, bytes]]:
        """Yield every payload that is still kept: what is done has none."""
        for state in ("pending", "in_flight", "dead"):
            keys = (key for key, _ in self._redis.zscan_iter(lane.key(state)))
            while part := list(islice(keys, PAYLOADS_A_CALL)):
                values: Any = self._redis.hmget(lane.key("entries"), part)
                for key, raw in zip(part, values, strict=True):
                    if raw:
                        yield key.decode(), raw

    def _payload(self, lane: Lane, key: str, raw: bytes) -> None:
        names = self._names
        try:
            message = decode(raw)
        except (ValueError, TypeError, KeyError, AttributeError):
            if orjson.dumps(names.told).lower() in raw.lower():
                self._found["results"] += self._erase(lane, [key])
            return
        if isinstance(message, CohortPage):
            self._page(lane, key, raw, message)
        elif isinstance(message, InterviewResult):
            if self._is_theirs(message):
                self._found["results"] += self._erase(lane, [key])
        elif isinstance(message, ResultWrite) and (
            key in names.interviews
            or id_hash(message.distinct_id) in names.hashes
            or names.are(message.distinct_id)
        ):
            names.distinct_ids.add(message.distinct_id)
            self._found["writes"] += self._erase(lane, [key])

    def _page(self, lane: Lane, key: str, raw: bytes, page: CohortPage) -> None:
        names = self._names
        gone = [one for one in page.members if names.are(*_said(one))]
        for member in gone:
            ids = (usable_id(str(member[key])) for key in ID_KEYS if member.get(key))
            names.distinct_ids |= set(ids) - {""}
        if gone and self._dry_run:
            self._found["cohort_pages"] += 1
        elif gone:
            kept = [one for one in page.members if one not in gone]
            args: list[Any] = [
                self._ledger.now_ms(),
                key,
                raw,
                replace(page, members=kept).encode(),
            ]
            self._found["cohort_pages"] += int(self._run.rewrite(keys=lane.keys(), args=args))

    def _is_theirs(self, result: InterviewResult) -> bool:
        names = self._names
        told = (result.email, result.external_id, result.respondent_id)
        ours = result.interview_id in names.interviews
        return ours or result.external_id in names.invitations or names.are(*told)

    def _shelf(self) -> None:
        """Forget results of people unidentified that turn out to be theirs."""
        for _, raw in self._redis.hscan_iter(INBOX.key("unmatched"), count=PAYLOADS_A_CALL):
            result = decode(raw)
            if isinstance(result, InterviewResult) and self._is_theirs(result):
                forgotten = self._dry_run or self._ledger.forget_unmatched(result)
                self._found["results"] += int(forgotten)


def _said(member: dict[str, Any]) -> list[str]:
    return [
        str(member[key]).strip()
        for key in (*EMAIL_KEYS, *ID_KEYS)
        if isinstance(member.get(key), str | int)
    ]
