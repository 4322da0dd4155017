"""Results of people whom nobody could identify, kept for a while in case they come yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from common.identity import PERSON_CHARS, email_hash, id_hash
from common.ledger.book import Book
from common.ledger.lanes import INBOX
from common.messages import InterviewResult
from common.stored import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS = ("unmatched", "unmatched_until", "unmatched_names")


def told_names(result: InterviewResult) -> list[str]:
    """Return the names (hashes) by which the person of a result may come with a cohort.

    An id may be an address, or a key of ours, which begins with the person's name.
    """
    names = [email_hash(result.email)]
    for told in (result.external_id, result.respondent_id):
        person, dot, _ = told.partition(".")
        is_key = bool(dot) and len(person) == PERSON_CHARS
        names += [id_hash(told), email_hash(told), person if is_key else ""]
    return list(dict.fromkeys(name for name in names if name))


class Unmatched(Book):
    """The shelf of results without a person."""

    def keep_unmatched(self, result: InterviewResult, forget_at_ms: int) -> bool:
        """Keep a result until then; False if it is kept already."""
        args = [self._now(), result.interview_id, result.encode(), forget_at_ms]
        return bool(self._run.keep_unmatched(keys=_keys(), args=[*args, *told_names(result)]))

    def forget_unmatched(
        self, result: InterviewResult, counters: dict[str, int] | None = None
    ) -> bool:
        """Forget a kept result, and raise counters with it; False if that was done already."""
        told = orjson.dumps(counters) if counters else ""
        args = [self._now(), result.interview_id, told, *told_names(result)]
        return bool(self._run.forget_unmatched(keys=_keys(), args=args))

    def unmatched_of(self, names: Iterable[str]) -> list[InterviewResult]:
        """Return the results kept under any of these names (hashes)."""
        wanted = [name for name in names if name]
        index = INBOX.key("unmatched_names")
        if not wanted or not self.redis.exists(index):
            return []
        rows: list[Any] = self.redis.hmget(index, wanted)
        return self._kept([one for row in rows if row for one in row.split(b"\n")])

    def unmatched_over(self, now_ms: int, most: int = 50) -> list[InterviewResult]:
        """Return results whose time is over."""
        found: list[Any] = self.redis.zrangebyscore(
            INBOX.key("unmatched_until"), "-inf", now_ms, start=0, num=most
        )
        return self._kept(found)

    def _kept(self, interviews: list[bytes]) -> list[InterviewResult]:
        unique = list(dict.fromkeys(interviews))
        if not unique:
            return []
        rows: list[Any] = self.redis.hmget(INBOX.key("unmatched"), unique)
        read = [decode(raw) for raw in rows if raw]
        return [one for one in read if isinstance(one, InterviewResult)]


def _keys() -> list[str]:
    return [*INBOX.keys(), *map(INBOX.key, PARTS)]
