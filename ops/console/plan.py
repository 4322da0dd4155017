"""Plan: what the members in a file would do on a route, sending nothing."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.errors import BadPayloadError
from common.ledger import figures
from ops.foresight import NEW, NOBODY, OUTCOMES, foresee
from ops.members import make_person, read_members

if TYPE_CHECKING:
    from common.routes import Route
    from ops.console.desk import Desk


@dataclass(frozen=True)
class Plan:
    """How many members would meet which outcome, and when the last would be invited."""

    route: Route
    members: int
    outcomes: dict[str, int]
    refusals: dict[str, int]
    credits: int
    waiting_before: int
    eta_seconds: int | None
    hindrance: str = ""


def make_plan(desk: Desk, route: Route, raw: bytes) -> Plan:
    """Reckon with the members of a JSON or CSV file; raises BadPayloadError for another."""
    try:
        members = read_members(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise BadPayloadError("the file is not UTF-8 text") from exc
    except csv.Error as exc:
        raise BadPayloadError(f"not CSV: {exc}") from exc
    people = [make_person(route, member) for member in members]
    found = list(foresee(desk.ledger, route, people))
    counts = Counter(outcome for _, outcome in found)
    every = figures.route_figures(desk.config, desk.ledger, {route.name: counts[NEW]})
    (now,) = (one for one in every if one["name"] == route.name)
    return Plan(
        route=route,
        members=len(people),
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES},
        refusals=Counter(person.refusal for person, outcome in found if outcome == NOBODY),
        credits=counts[NEW] * route.credits_per_interview,
        waiting_before=now["pending"] + now["in_flight"],
        eta_seconds=now["eta_seconds"],
        hindrance=now["paused_reason"] or "its cap lets nobody through",
    )
