"""foresee: what a route would make of each member, read from the ledger, changing nothing.

The same questions as `common/ledger/lua/invite.lua`, a thousand members a round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from common.identity import study_hash
from common.ledger.lanes import INVITATIONS
from common.ledger.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from common.ledger import Ledger
    from common.routes import Route
    from ops.members import Person

NEW, KNOWN, RESTING = "new", "already_invited", "in_cooldown"
SUPPRESSED, NOBODY, REPEATED = "suppressed", "without_identity", "repeated"
# Refusals by the route's own policy are outcomes of the same name; all others say who was lacking.
POLICIES = ("excluded", "not_sampled")
OUTCOMES = (NEW, KNOWN, RESTING, "excluded", SUPPRESSED, "not_sampled", NOBODY, REPEATED)
MEMBERS_A_CALL = 1000
MS_A_DAY = 86_400_000
# Who was cancelled for these reasons stays so, whatever the next sync brings.
FINAL = frozenset({"dropped", "erased"})


def foresee(ledger: Ledger, route: Route, people: Sequence[Person]) -> Iterator[tuple[Person, str]]:
    """Yield each person with one of `OUTCOMES`; `repeated` stood in the file before."""
    now_ms, seen = ledger.now_ms(), set[str]()
    rest_ms = round((route.cooldown_days or 0) * MS_A_DAY)
    for start in range(0, len(people), MEMBERS_A_CALL):
        part = people[start : start + MEMBERS_A_CALL]
        known = _Known(ledger, route, part)
        for person in part:
            names = known.names_of(person)
            if names & seen:
                yield person, REPEATED
            elif names & known.standing:
                yield person, KNOWN
            elif person.refusal:
                yield person, person.refusal if person.refusal in POLICIES else NOBODY
            elif names & known.suppressed:
                yield person, SUPPRESSED
            elif any(now_ms - known.started_at_ms.get(name, -rest_ms) < rest_ms for name in names):
                yield person, RESTING
            else:
                yield person, NEW
            seen |= names


class _Known:
    """What the ledger knows of some people, in two round trips for nearly all of them."""

    def __init__(self, ledger: Ledger, route: Route, people: Sequence[Person]) -> None:
        self._beside: dict[str, set[str]] = {}
        fresh = {name for person in people for name in _told(person)}
        while fresh:
            ask = sorted(fresh)
            aliases, kin = _hmget(ledger, ("aliases", ask), ("kin", ask))
            for name, alias, further in zip(ask, aliases, kin, strict=True):
                told = b" ".join([alias or b"", further or b""])
                self._beside[name] = set(told.decode().split())
            fresh = set().union(*(self._beside[name] for name in ask)) - set(self._beside)
        names = sorted(self._beside)
        keys = [f"{name}.{study_hash(route.study_id)}" for name in names]
        entries, metas, starts = _hmget(
            ledger, ("entries", keys), ("meta", keys), ("people", names)
        )
        self.started_at_ms = {
            name: int(float(raw)) for name, raw in zip(names, starts, strict=True) if raw
        }
        self.suppressed = Suppressions(ledger).among(names)
        self.standing = {
            name
            for name, entry, meta in zip(names, entries, metas, strict=True)
            if entry is not None and _stays(meta)
        }

    def names_of(self, person: Person) -> set[str]:
        """Return every name by which a person was ever seen."""
        names, fresh = set[str](), _told(person)
        while fresh:
            names |= fresh
            fresh = set().union(*(self._beside[name] for name in fresh)) - names
        return names


def _told(person: Person) -> set[str]:
    return {person.email_hash, person.id_hash} - {""}


def _stays(meta: bytes | None) -> bool:
    """Tell whether a known entry stays as it is; a cancelled one is considered anew."""
    cancelled = orjson.loads(meta).get("cancelled") if meta else None
    return cancelled is None or cancelled in FINAL


def _hmget(ledger: Ledger, *questions: tuple[str, list[str]]) -> list[list[Any]]:
    with ledger.redis.pipeline(transaction=False) as pipe:
        for part, fields in questions:
            if fields:
                pipe.hmget(INVITATIONS.key(part), fields)
        answers = iter(pipe.execute())
    return [next(answers) if fields else [] for _, fields in questions]
