"""`status`: how many wait, where they stand, and when the last one will be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from common.ledger import figures
from common.ledger.pauses import MIXPANEL, Pauses
from common.ledger.pull_figures import outcome, pull_figures
from ops.examples import example
from ops.output import duration, note, print_json
from ops.parameters import as_json
from ops.session import Session, with_session
from ops.tables import Share, Table, add_row, draw, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from common.ledger.pauses import Pause

STATES = ("pending", "in_flight", "done", "dead", "cancelled")
ROUTE_FIELDS = (
    *("name", "study_id", "pending", "started", "completed", "written"),
    *("eta_seconds", "paused", "paused_reason"),
)


@click.command(epilog=example("status", "status --json"))
@as_json
@with_session
def status(session: Session, *, as_json: bool) -> None:
    """Show what waits, what is done, and how long it will take."""
    lanes = figures.lanes(session.ledger)
    routes = figures.route_figures(session.config, session.ledger)
    writes = Pauses(session.ledger.redis).get(MIXPANEL)
    unmatched = figures.unmatched(session.ledger)
    pulls = pull_figures(session.config, session.ledger)
    if as_json:
        shown = [{field: route[field] for field in ROUTE_FIELDS} for route in routes]
        print_json({"lanes": lanes, "routes": shown, "pulls": pulls})
        for line in _remarks(writes, unmatched):
            note(line)
        return
    draw(_lanes(lanes), _routes(routes), *([_pulls(pulls)] if pulls else []))
    for route in routes:
        if route["paused"]:
            draw(f"Route {route['name']} is paused: {route['paused_reason']}")
    for line in _remarks(writes, unmatched):
        draw(line)
    for kind, counts in figures.reasons(session.ledger).items():
        if counts:
            told = ", ".join(f"{reason} {n:,}" for reason, n in sorted(counts.items()))
            draw(f"{kind.capitalize().replace('_', ' ')} so far: {told}")
    if any(states["dead"] for states in lanes.values()):
        draw("Dead letters wait for you: python -m ops dead-letters list")


def _remarks(writes: Pause | None, unmatched: int) -> Iterator[str]:
    if writes is not None:
        yield f"Writes to Mixpanel are paused: {writes.reason}"
    if unmatched:
        yield f"Results of people unidentified, kept in case they come: {unmatched:,}"


def _lanes(lanes: dict[str, dict[str, int]]) -> Table:
    titles = [state.replace("_", " ") for state in STATES]
    table = make_table("Lanes", "lane", *titles, numbers=titles)
    for lane, states in lanes.items():
        add_row(table, lane, *(states[state] for state in STATES))
    return table


def _routes(routes: list[dict[str, Any]]) -> Table:
    numbers = ("pending", "in flight", "started", "completed", "written")
    columns = ("route", "study", "so far", *numbers, "done in", "state")
    table = make_table(
        "Routes",
        *columns,
        numbers=(*numbers, "done in"),
        whole=("route",),
        spare=("study", "so far", "in flight"),
    )
    for one in routes:
        people = one["started"] + one["pending"] + one["in_flight"]
        add_row(
            table,
            *(one["name"], one["study_id"]),
            Share(one["started"], people),
            *(one["pending"], one["in_flight"], one["started"], one["completed"], one["written"]),
            *(duration(one["eta_seconds"]), _state(one)),
        )
    return table


def _pulls(pulls: list[dict[str, Any]]) -> Table:
    columns = ("route", "schedule", "last", "outcome", "next")
    table = make_table("Pulls from Mixpanel, UTC", *columns, whole=("route",), spare=("schedule",))
    for one in pulls:
        times = (_minute(one["started_at"]), outcome(one), _minute(one["next_at"]))
        add_row(table, one["route"], one["schedule"] or "on demand", *times)
    return table


def _minute(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else "-"


def _state(route: dict[str, Any]) -> str:
    if not route["in_routes"]:
        return "not in routes.toml"
    if route["paused"]:
        return "paused"
    if route["breaker"] != "closed":
        return "Koji is down, being probed"
    if route["pending"] and route["opens_in_seconds"] != 0:
        opens = route["opens_in_seconds"]
        return f"waits for its hours, {duration(opens)}" if opens else "its hours never come"
    if route["pending"] and route["left_under_caps"] == 0:
        return "waits for the next period of its cap"
    return f"running, {route['limit']}"
