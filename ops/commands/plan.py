"""`plan`: what a cohort would do, sending nothing."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import click

from common.errors import BadPayloadError
from common.ledger import figures
from common.ledger.dead_letters import iso
from ops.foresight import NEW, NOBODY, OUTCOMES, foresee
from ops.members import make_person, read_members
from ops.output import add_row, duration, make_console, make_table, print_json
from ops.parameters import as_json, example
from ops.session import Session, with_session

if TYPE_CHECKING:
    from typing import TextIO

    from common.routes import Route
    from ops.members import Person

TOLD = {
    "members": "members in the file",
    "new": "would be invited",
    "already_invited": "already invited to this study",
    "in_cooldown": "in cool-down after another interview",
    "without_identity": "without what the route joins by",
    "repeated": "stand in the file more than once",
}


@click.command(
    epilog=example("plan --route activation-dropoffs members.csv", "plan --route NAME - < a.json")
)
@click.option("--route", "route_name", required=True, help="The route that the members would take.")
@click.argument("file", type=click.File(encoding="utf-8"))
@as_json
@with_session
def plan(session: Session, route_name: str, file: TextIO, *, as_json: bool) -> None:
    """Say what the members in FILE would do, sending nothing.

    FILE is a JSON list or CSV with a line of headings; - is stdin.
    """
    route = session.route(route_name)
    people = read_people(route, file)
    found = list(foresee(session.ledger, route, people))
    counts = Counter(outcome for _, outcome in found)
    refusals = Counter(person.refusal for person, outcome in found if outcome == NOBODY)
    coming = {route.name: counts[NEW]}
    every = figures.route_figures(session.config, session.ledger, coming)
    (now,) = (one for one in every if one["name"] == route.name)
    eta = now["eta_seconds"]
    forecast = {
        "route": route.name,
        "study_id": route.study_id,
        "members": len(people),
        **{outcome: counts[outcome] for outcome in OUTCOMES},
        "why_without_identity": dict(refusals),
        "credits": counts[NEW] * route.credits_per_interview,
        "waiting_before": now["pending"] + now["in_flight"],
        "eta_seconds": eta,
        "finish_at": None if eta is None else iso(1000 * (time.time() + eta)),
    }
    if as_json:
        print_json(forecast)
        return
    table = make_table("", f"{route.name}, study {route.study_id}", "n", numbers=("n",))
    for name, text in TOLD.items():
        add_row(table, text, forecast[name])
    add_row(table, "credits at most", forecast["credits"])
    add_row(table, "people waiting already", forecast["waiting_before"])
    console = make_console()
    console.print(table)
    if eta is None:
        why = now["paused_reason"] or "its cap lets nobody through"
        console.print(f"No finish time: {why}")
    else:
        console.print(
            f"All of them would be started in {duration(eta)}, at {forecast['finish_at']}."
        )


def read_people(route: Route, file: TextIO) -> list[Person]:
    """Read a file of members; raises ClickException that says what is wrong with it."""
    try:
        return [make_person(route, member) for member in read_members(file.read())]
    except (BadPayloadError, UnicodeDecodeError) as exc:
        raise click.ClickException(f"{file.name}: {exc}") from exc
