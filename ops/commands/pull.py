"""`cohort pull`: have the workers fetch a route's cohort now, and look on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from common.ledger.pulls import DONE, RUNNING, Pulls
from common.ledger.ticks import seconds_since_tick
from ops.examples import example
from ops.output import bar, note, print_json
from ops.parameters import as_json
from ops.session import Session, with_session

if TYPE_CHECKING:
    from common.ledger.pulls import Pull

LOOK_SECONDS = 0.2
# The clock ticks every second while beat and a worker are there.
TICK_PATIENCE_SECONDS = 15.0
HINT = (
    "Is the cohort in the project of MIXPANEL_PROJECT_ID, and may MIXPANEL_SERVICE_ACCOUNT read it?"
)


@click.command("pull", epilog=example("cohort pull --route activation-dropoffs"))
@click.option("--route", "route_name", required=True, help="The route whose cohort to fetch.")
@click.option("--no-wait", is_flag=True, help="Only ask for it: the workers fetch it.")
@as_json
@with_session
def pull(session: Session, route_name: str, *, no_wait: bool, as_json: bool) -> None:
    """Fetch a route's cohort by Mixpanel's Query API, as its schedule does.

    The workers do it: 1000 members a query, 60 queries an hour, and they go on where they were
    after a restart. Ctrl-C only stops looking on. Needs MIXPANEL_SERVICE_ACCOUNT.
    """
    route = session.route(route_name)
    if session.config.settings.mixpanel_service_account is None:
        raise click.ClickException(
            "MIXPANEL_SERVICE_ACCOUNT is not set; create one in Mixpanel's project settings."
        )
    if route.cohort_id is None and route.cohort_name is None:
        raise click.ClickException(f"Route {route.name} has neither cohort_id nor cohort_name.")
    pulls = Pulls(session.ledger)
    if pulls.start(route.name):
        session.note("pull", route.name)
    elif not as_json:
        note("It is being fetched already.")
    now = pulls.get(route.name) if no_wait else _look_on(session, pulls, route.name, quiet=as_json)
    if now is None:
        raise click.ClickException("The pull is gone from Redis; ask for it again.")
    if as_json:
        print_json(
            {
                "route": route.name,
                "state": now.state,
                "pages": now.page,
                "total_pages": now.total_pages,
                "members": now.members,
                "error": now.error,
            }
        )
    elif now.state == DONE:
        click.echo(f"{now.members:,} members of {now.page:,} pages are on their way to Koji.")
    elif now.state == RUNNING:
        click.echo("The workers fetch it.")
    if now.state not in {DONE, RUNNING}:
        raise click.ClickException(f"Not fetched: {now.error}. {HINT}")


def _look_on(session: Session, pulls: Pulls, name: str, *, quiet: bool) -> Pull | None:
    begun, told = time.monotonic(), ""
    with bar("Fetching pages", quiet=quiet) as show:
        while (now := pulls.get(name)) is not None and now.state == RUNNING:
            show(now.page, now.total_pages)
            if now.error != told and not quiet:
                note(now.error or "It goes on.")
            told = now.error
            since = seconds_since_tick(session.ledger)
            silent = since is None or since > TICK_PATIENCE_SECONDS
            if silent and time.monotonic() - begun > TICK_PATIENCE_SECONDS:
                raise click.ClickException(
                    "No worker has ticked: are beat and worker-mixpanel running? "
                    "The pull is kept, and begins with them."
                )
            time.sleep(LOOK_SECONDS)
    return now
