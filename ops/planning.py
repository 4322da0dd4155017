"""Plan: what members would do on a route, and when the last of them would be started."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.ledger import figures
from ops.foresight import NEW, NOBODY, OUTCOMES, foresee
from ops.members import make_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from common.config import Config
    from common.ledger import Ledger
    from common.routes import Route

TOLD = {
    "members": "members in the file",
    "new": "would be invited",
    "already_invited": "already invited to this study",
    "in_cooldown": "in cool-down after another interview",
    "excluded": "excluded by the route",
    "suppressed": "on the suppression list",
    "not_sampled": "outside the route's sample",
    "without_identity": "without what the route joins by",
    "repeated": "stand in the file more than once",
}


@dataclass(frozen=True)
class Plan:
    """How many members would meet which outcome; `hindrance` is why there is no finish time."""

    route: Route
    members: int
    outcomes: dict[str, int]
    refusals: dict[str, int]
    credits: int
    waiting_before: int
    eta_seconds: int | None
    hindrance: str

    def told(self) -> dict[str, int]:
        """Return what there is to count, in words; what a route has no policy for is left out."""
        optional = {
            "excluded": self.route.exclude,
            "not_sampled": self.route.sample is not None,
            "suppressed": self.outcomes["suppressed"],
        }
        counts = {"members": self.members, **self.outcomes}
        return {text: counts[name] for name, text in TOLD.items() if optional.get(name, True)}


def make_plan(
    config: Config, ledger: Ledger, route: Route, members: Iterable[Mapping[str, Any]]
) -> Plan:
    """Reckon with members as `read_members` returns them, changing nothing."""
    people = [make_person(route, dict(member)) for member in members]
    found = list(foresee(ledger, route, people))
    counts = Counter(outcome for _, outcome in found)
    every = figures.route_figures(config, ledger, {route.name: counts[NEW]})
    (now,) = (one for one in every if one["name"] == route.name)
    never = "its hours never come" if now["opens_in_seconds"] is None else ""
    return Plan(
        route=route,
        members=len(people),
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES},
        refusals=Counter(person.refusal for person, outcome in found if outcome == NOBODY),
        credits=counts[NEW] * route.credits_per_interview,
        waiting_before=now["pending"] + now["in_flight"],
        eta_seconds=now["eta_seconds"],
        hindrance=now["paused_reason"] or never or "its cap lets nobody through",
    )
