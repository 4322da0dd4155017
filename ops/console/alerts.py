"""Alerts: what stands still and why, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flask import url_for

from common.ledger.pauses import MIXPANEL
from common.ledger.pulls import FAILED
from ops.output import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from common.ledger.pauses import Pause

# Work in these lanes is taken up at once, unless its workers or the clock are gone.
SILENT_AFTER_SECONDS = 60
PROMPT = {"inbox": "worker-inbox", "writes": "worker-mixpanel", "deliveries": "worker-koji"}
DOWN = "does not answer, so nothing is sent there; a probe now and then finds out when it is back"


class Alert(NamedTuple):
    """A sentence, how bad it is (`bad`, `warn`), and the page that helps."""

    level: str
    text: str
    href: str


def find_alerts(
    routes: Iterable[dict[str, Any]],
    lanes: Mapping[str, Mapping[str, int]],
    pauses: Mapping[str, Pause],
    breakers: Mapping[str, str],
    oldest_due: Mapping[str, float],
) -> list[Alert]:
    """Return what somebody has to know, the worst first; empty if all is well."""
    helps = url_for("routes.show")
    found = [Alert("bad", text, helps) for text in _down(routes, breakers)]
    for name, pause in pauses.items():
        what = "Writing to Mixpanel" if name == MIXPANEL else f"Route {name}"
        found.append(Alert("bad", f"{what} is paused: {pause.reason}", helps))
    if MIXPANEL not in pauses and breakers.get(MIXPANEL, "closed") == "closed":
        silent = PROMPT
    else:
        silent = {lane: name for lane, name in PROMPT.items() if lane != "writes"}
    for lane, process in silent.items():
        if oldest_due[lane] > SILENT_AFTER_SECONDS:
            waits = duration(oldest_due[lane])
            text = f"Lane {lane} has had work due for {waits}. Do {process} and beat run?"
            found.append(Alert("bad", text, url_for("loop.show")))
    dead = sum(states["dead"] for states in lanes.values())
    if dead:
        verb = "waits" if dead == 1 else "wait"
        text = f"{counted(dead, 'dead letter')} {verb} for somebody to look at."
        found.append(Alert("warn", text, url_for("letters.show_list")))
    return found


def failed_pulls(pulls: Iterable[dict[str, Any]]) -> list[Alert]:
    """Return which cohorts could not be fetched, from the figures of pulls, and why."""
    return [
        Alert(
            "bad", f"The cohort of route {one['route']} was not fetched: {one['error']}", "#pulls"
        )
        for one in pulls
        if one["state"] == FAILED
    ]


def _down(routes: Iterable[dict[str, Any]], breakers: Mapping[str, str]) -> Iterator[str]:
    names = [one["name"] for one in routes if one["breaker"] not in {None, "closed"}]
    if names:
        which = ", ".join(names)
        yield f"Koji {DOWN} ({'route' if len(names) == 1 else 'routes'} {which})."
    if breakers.get(MIXPANEL, "closed") != "closed":
        yield f"Mixpanel {DOWN}."
