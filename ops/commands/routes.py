"""`pause` and `resume`: stop a route or the writes, and let them go on."""

from __future__ import annotations

import click

from common.ledger.pauses import MIXPANEL, Pauses
from ops.examples import example
from ops.output import print_json
from ops.parameters import as_json
from ops.session import Session, with_session

BY_HAND = "paused by the operator"


@click.command(epilog=example("pause activation-dropoffs --reason 'study is being reworked'"))
@click.argument("route")
@click.option("--reason", default=BY_HAND, show_default=True, help="Shown wherever the pause is.")
@as_json
@with_session
def pause(session: Session, route: str, *, reason: str, as_json: bool) -> None:
    """Stop a ROUTE: its people wait. The name `mixpanel` stops all writes."""
    _check(session, route)
    pauses = Pauses(session.ledger.redis)
    changed = pauses.pause(route, reason)
    if changed:
        session.note("pause", route)
    found = pauses.get(route)
    told = found.reason if found else reason
    if as_json:
        print_json({"route": route, "paused": True, "paused_reason": told, "changed": changed})
    elif changed:
        click.echo(f"{route} is paused. To go on: python -m ops resume {route}")
    else:
        click.echo(f"{route} was paused already: {told}")


@click.command(epilog=example("resume activation-dropoffs"))
@click.argument("route")
@as_json
@with_session
def resume(session: Session, route: str, *, as_json: bool) -> None:
    """Let a ROUTE go on, within a second. The name `mixpanel` stands for all writes."""
    pauses = Pauses(session.ledger.redis)
    if pauses.get(route) is None:
        _check(session, route)
    changed = pauses.resume(route)
    if changed:
        session.note("resume", route)
    if as_json:
        print_json({"route": route, "paused": False, "paused_reason": None, "changed": changed})
    else:
        click.echo(f"{route} goes on." if changed else f"{route} was not paused.")


def _check(session: Session, name: str) -> None:
    if name != MIXPANEL and name not in session.ledger.sublanes():
        session.route(name)
