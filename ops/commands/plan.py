"""`plan`: what a cohort would do, sending nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from common.errors import BadPayloadError
from common.ledger.dead_letters import iso
from ops.examples import example
from ops.handing_over import handing_over
from ops.member_files import read_members
from ops.members import make_person
from ops.output import duration, print_json
from ops.parameters import as_json
from ops.planning import make_plan
from ops.session import Session, with_session
from ops.tables import add_row, draw, make_table

if TYPE_CHECKING:
    from typing import TextIO

    from common.routes import Route
    from ops.members import Person


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
    made = make_plan(session.config, session.ledger, route, _read(file))
    eta = made.eta_seconds
    finish_at = None if eta is None else iso(1000 * (time.time() + eta))
    if as_json:
        print_json(
            {
                "route": route.name,
                "study_id": route.study_id,
                "members": made.members,
                **made.outcomes,
                "why_without_identity": made.refusals,
                "credits": made.credits,
                "waiting_before": made.waiting_before,
                "eta_seconds": eta,
                "finish_at": finish_at,
                "deliver": route.deliver,
                "invited_event": route.invited_event,
            }
        )
        return
    table = make_table("", f"{route.name}, study {route.study_id}", "n", numbers=("n",))
    for text, n in made.told().items():
        add_row(table, text, n)
    add_row(table, "credits at most", made.credits)
    add_row(table, "people waiting already", made.waiting_before)
    draw(table, f"The link is brought by: {handing_over(route)}.")
    if eta is None:
        draw(f"No finish time: {made.hindrance}")
    else:
        draw(f"All of them would be started in {duration(eta)}, at {finish_at}.")


def read_people(route: Route, file: TextIO) -> list[Person]:
    """Read a file of members; raises ClickException that says what is wrong with it."""
    return [make_person(route, member) for member in _read(file)]


def _read(file: TextIO) -> list[dict[str, Any]]:
    try:
        return read_members(file)
    except BadPayloadError as exc:
        raise click.ClickException(f"{file.name}: {exc}.") from exc
