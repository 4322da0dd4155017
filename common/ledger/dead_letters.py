"""Dead letters: found, shown, replayed, dropped.

An id is `<lane>:<key>`. Letters are read in pages by the time of their death, newest first, so
that many of them cost neither memory nor a long command.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.lanes import DELIVERIES, INBOX, INVITATIONS, WRITES, Lane
from common.ledger.letters import LANES, Filters, Letter, iso
from common.messages import InterviewResult, Invitation
from common.stored import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from common.ledger import Ledger
    from common.routes import Routes

__all__ = ["HELD", "LANES", "DeadLetters", "Filters", "Letter", "iso"]

FIRST_PAGE = 100  # most people look at the newest few
PAGE = 1000
PAGE_OF_INBOX = 200  # its payloads are read too, and may hold a thousand people each
LETTERS_A_CALL = 500
HELD = "ambiguous"


class DeadLetters:
    """The dead letters of all lanes; `routes` tell the route of an interview by its study."""

    def __init__(self, ledger: Ledger, routes: Routes) -> None:
        """Read nothing yet."""
        self._ledger, self._redis, self._routes = ledger, ledger.redis, routes

    def find(self, filters: Filters) -> Iterator[Letter]:
        """Yield the letters that are meant, newest first."""
        lanes = [lane for name, lane in LANES.items() if filters.lane in {"", name}]
        found = heapq.merge(
            *(self._in(lane, filters.since_ms) for lane in lanes), key=lambda one: -one.died_at_ms
        )
        return filter(filters.take, found)

    def count(self, filters: Filters) -> int:
        """Return how many letters are meant; reads them only where their time is not enough."""
        if filters.reason or filters.route:
            return sum(1 for _ in self.find(filters))
        lanes = [lane for name, lane in LANES.items() if filters.lane in {"", name}]
        return sum(
            int(self._redis.zcount(lane.key("dead"), filters.since_ms, "+inf")) for lane in lanes
        )

    def get(self, letter_id: str) -> Letter | None:
        """Return one letter, None if there is no dead letter of this id."""
        name, _, key = letter_id.partition(":")
        died_at_ms = self._redis.zscore(LANES[name].key("dead"), key) if name in LANES else None
        if died_at_ms is None:
            return None
        return next(self._read(LANES[name], [(key.encode(), died_at_ms)]))

    def why_not(self, letter_id: str) -> str:
        """Say what an id stands for instead of a dead letter."""
        name, _, key = letter_id.partition(":")
        lane = LANES.get(name)
        if lane is None:
            return f"not an id: must be <lane>:<key>, lane one of {', '.join(LANES)}"
        for state in ("done", "cancelled"):
            if self._redis.zscore(lane.key(state), key) is not None:
                return f"is {state}, not dead"
        return "is waiting, not dead" if self._ledger.value(lane, key) else "no such entry"

    def payload(self, letter: Letter) -> bytes:
        """Return what it carries, as it was stored."""
        return self._ledger.value(LANES[letter.lane], letter.key) or b""

    def hindrance(self, letter: Letter, *, bulk: bool = False) -> str:
        """Say why a letter should stay where it is, empty if it may be replayed."""
        if letter.lane == INVITATIONS.name and not letter.route:
            return "its route is not known"
        if letter.lane != WRITES.name and letter.route and not self._routes.named(letter.route):
            return f"its route {letter.route!r} is not in routes.toml"
        if bulk and letter.reason == HELD:
            done = "have the mail" if letter.lane == DELIVERIES.name else "have been started"
            where = "at the mail server" if letter.lane == DELIVERIES.name else "in Koji"
            return (
                f"the person may {done} already; look {where}, then replay it by its "
                f"id or with --reason {HELD}, or drop it"
            )
        return ""

    def replay(
        self, letters: Iterable[Letter], spacing_ms: float = 0
    ) -> Iterator[tuple[Letter, bool]]:
        """Give letters a fresh budget, oldest first; yields each and whether it was still dead.

        They come due `spacing_ms` apart, taken over all lanes.
        """
        groups = _grouped(sorted(letters, key=lambda one: one.died_at_ms))
        # Each call spaces its own letters, beginning now, so all calls together space this often.
        calls = [(lane, part) for lane, group in groups.items() for part in _dealt(group)]
        for lane, part in calls:
            spacing = round(spacing_ms * len(calls))
            revived, _ = self._ledger.revive(lane, [one.key for one in part], spacing)
            yield from zip(part, revived, strict=True)

    def drop(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, bool]]:
        """Cancel letters for good, which forgets what they carry."""
        for lane, group in _grouped(letters).items():
            cancelled = self._ledger.cancel(lane, [one.key for one in group], "dropped")
            yield from zip(group, cancelled, strict=True)

    def _in(self, lane: Lane, since_ms: int) -> Iterator[Letter]:
        most = PAGE_OF_INBOX if lane == INBOX else PAGE
        size = min(FIRST_PAGE, most)
        newest: float | str = "+inf"
        seen = 0  # how many of the letters that died at `newest` were yielded
        dead: Any = self._redis.zrevrangebyscore
        while page := dead(lane.key("dead"), newest, since_ms, seen, size, withscores=True):
            yield from self._read(lane, page)
            last = page[-1][1]
            seen = (seen if last == newest else 0) + sum(score == last for _, score in page)
            newest, size = last, most

    def _read(self, lane: Lane, page: Sequence[tuple[bytes, float]]) -> Iterator[Letter]:
        keys = [key for key, _ in page]
        metas: Any = self._redis.hmget(lane.key("meta"), keys)
        carries_route = lane != INVITATIONS
        values: Any = (
            self._redis.hmget(lane.key("entries"), keys) if carries_route else [None] * len(keys)
        )
        for (key, score), raw, value in zip(page, metas, values, strict=True):
            meta = orjson.loads(raw) if raw else {}
            yield Letter(
                lane=lane.name,
                key=key.decode(),
                died_at_ms=int(score),
                route=self._route(value) if carries_route else meta.get("route", ""),
                reason=meta.get("reason", ""),
                error=meta.get("error", ""),
                status=meta.get("status"),
                attempts=meta.get("attempts", 0),
                first_at_ms=int(meta.get("first_at", score)),
                last_at_ms=int(meta.get("last_at", score)),
                story=meta.get("story") or [],
            )

    def _route(self, value: bytes | None) -> str:
        try:
            message = decode(value or b"")
            if not isinstance(message, InterviewResult):
                return message.route
            route = self._routes.for_study(message.study_id)
            return route.name if route else self._route_of_start(message.interview_id)
        except (ValueError, TypeError, KeyError, AttributeError):
            return ""  # unreadable, which may be why it is here

    def _route_of_start(self, interview_id: str) -> str:
        """Return the route on which an interview was started, empty where we did not start it."""
        key = self._ledger.find_interview(interview_id)
        value = self._ledger.value(INVITATIONS, key) if key else None
        return Invitation.decode(value).route if value else ""


def _grouped(letters: Iterable[Letter]) -> dict[Lane, list[Letter]]:
    groups: dict[Lane, list[Letter]] = {}
    for letter in letters:
        groups.setdefault(letter.sublane, []).append(letter)
    return groups


def _dealt(group: list[Letter]) -> list[list[Letter]]:
    """Deal letters into parts of one call each, like cards, so that order is kept in time."""
    parts = -(-len(group) // LETTERS_A_CALL)
    return [group[number::parts] for number in range(parts)]
