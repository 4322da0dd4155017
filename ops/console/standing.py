"""Standing: in which state an entry is, since when, and what happened to it on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from common.ledger.lanes import INVITATIONS, Lane, invitations

if TYPE_CHECKING:
    from ops.console.desk import Desk

WAITING, ENDED = ("pending", "in_flight"), ("done", "dead", "cancelled")


@dataclass(frozen=True)
class Standing:
    """One entry; `at_ms` is when it is due, leased until, or since when it is over."""

    lane: str
    key: str
    state: str
    at_ms: int | None
    route: str
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The entry's name, as dead letters have it."""
        return f"{self.lane}:{self.key}"

    @property
    def reason(self) -> str:
        """Why it is dead or cancelled; empty otherwise."""
        return str(self.meta.get("cancelled") or self.meta.get("reason") or "")

    @property
    def error(self) -> str:
        """What the last attempt ended with."""
        story = self.meta.get("story") or [{}]
        return str(self.meta.get("error") or story[-1].get("error") or "")

    @property
    def attempts(self) -> int:
        """How often it was tried in vain."""
        return int(self.meta.get("attempts", 0))


def find_standings(desk: Desk, lane: Lane, keys: list[str]) -> list[Standing]:
    """Return where each key stands, in two round trips."""
    parts = [lane]
    if lane == INVITATIONS:
        names = desk.ledger.sublanes() | {route.name for route in desk.config.routes}
        parts = [invitations(name) for name in sorted(names)]
    places = [(state, part.route, part.own_key(state)) for part in parts for state in WAITING]
    places += [(state, "", lane.key(state)) for state in ENDED]
    with desk.redis.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hget(lane.key("meta"), key)
            for _, _, place in places:
                pipe.zscore(place, key)
        answers = iter(pipe.execute())
    found = []
    for key in keys:
        raw = next(answers)
        meta = orjson.loads(raw) if raw else {}
        scores = [next(answers) for _ in places]
        held = ((place, at) for place, at in zip(places, scores, strict=True) if at is not None)
        (state, route, _), at_ms = next(held, (("unknown", "", ""), None))
        at = None if at_ms is None else int(at_ms)
        found.append(Standing(lane.name, key, state, at, route or meta.get("route", ""), meta))
    return found
